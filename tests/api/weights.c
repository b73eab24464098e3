/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed weights: made, refused, shared by plans, and short of memory. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/packed.h"

TestSuite(weights, .init = packed_start, .fini = packed_stop);

Test(weights, plans_share_them) {
  cardinal_conv_weights *packed = packed_make();
  for (int64_t batch = 1; batch <= 3; ++batch)
    for (int64_t size = 1; size <= 11; size += 5)
      packed_expect_same_bits(packed_context, packed, batch, size);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) { /* and other contexts */
    cardinal_context *other = packed_make_context(cardinal_isa_name((cardinal_isa)isa));
    if (other)
      packed_expect_same_bits(other, packed, 2, 7);
    cardinal_context_destroy(other);
  }
  cardinal_conv_weights_destroy(packed);
  cardinal_conv_weights_destroy(NULL);
}

/* They live as long as the last plan, whoever is destroyed first. */
Test(weights, outlive_their_maker) {
  static float first[PACKED_MOST_FLOATS], second[PACKED_MOST_FLOATS];
  cardinal_conv_weights *packed = packed_make();
  const cardinal_conv_desc d = packed_conv(1, 5);
  cardinal_plan *plans[2];
  for (int i = 0; i < 2; ++i)
    cr_assert_eq(cardinal_conv_create_packed(packed_context, &d, packed, &plans[i], NULL), CARDINAL_OK);
  cardinal_conv_weights_destroy(packed);
  const size_t floats = packed_run(plans[0], 1, 5, first);
  cardinal_plan_destroy(plans[0]);
  packed_run(plans[1], 1, 5, second);
  cr_expect_eq(memcmp(first, second, floats * sizeof(float)), 0);
  cardinal_plan_destroy(plans[1]);
}

static void refuse(cardinal_conv_desc d, const cardinal_conv_weights *packed, const char *word) {
  cardinal_plan *plan = NULL;
  cardinal_error error = {.status = CARDINAL_OK};
  cr_expect_eq(cardinal_conv_create_packed(packed_context, &d, packed, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(!plan && strstr(error.message, word), "'%s' doesn't say '%s'", error.message, word);
}

Test(weights, of_another_convolution_are_refused) {
  cardinal_conv_weights *packed = packed_make();
  cardinal_conv_desc d = packed_conv(1, 5);
  d.in_channels = PACKED_CHANNELS / 2;
  refuse(d, packed, "24 channels in");
  d = packed_conv(1, 5);
  d.out_channels = 2 * PACKED_CHANNELS;
  refuse(d, packed, "48");
  d = packed_conv(1, 5);
  d.groups = PACKED_GROUPS / 2;
  refuse(d, packed, "6 groups");
  d = packed_conv(1, 5);
  d.kernel_height = 1;
  refuse(d, packed, "3x3 taps");
  d = packed_conv(1, 5);
  d.kernel_width = 1;
  refuse(d, packed, "3x1");
  d = packed_conv(1, 5);
  d.has_bias = 0;
  refuse(d, packed, "with bias");
  d = packed_conv(1, 5);
  d.in_height = 0;
  refuse(d, packed, "in_height");
  refuse(packed_conv(1, 5), NULL, "'weights'");
  cardinal_conv_weights_destroy(packed);
}

Test(weights, arguments) {
  cardinal_conv_desc d = packed_conv(1, 1);
  cardinal_conv_weights *made = NULL;
  cardinal_error error;
  cr_expect_eq(cardinal_conv_weights_create(packed_context, &d, packed_weights, NULL, &made, &error),
               CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "has_bias"));
  cr_expect_eq(cardinal_conv_weights_create(packed_context, &d, NULL, packed_bias, &made, &error),
               CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_conv_weights_create(NULL, &d, packed_weights, packed_bias, &made, &error),
               CARDINAL_INVALID_ARGUMENT);
  d.groups = 5;
  cr_expect_eq(cardinal_conv_weights_create(packed_context, &d, packed_weights, packed_bias, &made, &error),
               CARDINAL_INVALID_ARGUMENT);
  d = packed_conv(1, 1);
  d.kernel_height = d.kernel_width = d.in_channels = d.out_channels = 0x7FFFFFFF;
  d.groups = 1;
  cr_expect_eq(cardinal_conv_weights_create(packed_context, &d, packed_weights, packed_bias, &made, &error),
               CARDINAL_OVERFLOW);
  cr_expect_null(made);
  d = packed_conv(1, 1); /* what weights don't depend on isn't looked at */
  d.batch = d.in_height = d.stride_width = -1;
  cr_expect_eq(cardinal_conv_weights_create(packed_context, &d, packed_weights, packed_bias, &made, &error),
               CARDINAL_OK);
  cardinal_conv_weights_destroy(made);
}

static void *allocate_some(void *user, size_t bytes, size_t alignment) {
  size_t *left = user;
  void *memory = NULL;
  return *left && (--*left, posix_memalign(&memory, alignment, bytes) == 0) ? memory : NULL;
}

static void free_some(void *user, void *memory, size_t bytes) {
  (void)user;
  (void)bytes;
  free(memory);
}

/* Each allocation fails in turn; then nothing is made, and what was made before still works. */
Test(weights, memory_may_fail) {
  size_t left = 100;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.allocate = allocate_some;
  desc.deallocate = free_some;
  desc.allocator_user = &left;
  cardinal_context *poor;
  cr_assert_eq(cardinal_context_create(&desc, &poor, NULL), CARDINAL_OK);
  const cardinal_conv_desc d = packed_conv(1, 5);
  cardinal_conv_weights *made = NULL, *packed = packed_make();
  cardinal_plan *plan = NULL;
  packed_save(packed);
  for (size_t granted = 0; granted < 2; ++granted) {
    left = granted;
    cr_expect_eq(cardinal_conv_weights_create(poor, &d, packed_weights, packed_bias, &made, NULL),
                 CARDINAL_OUT_OF_MEMORY);
  }
  for (size_t granted = 0; granted < 3; ++granted) {
    left = granted;
    cr_expect_eq(cardinal_conv_create(poor, &d, packed_weights, packed_bias, &plan, NULL), CARDINAL_OUT_OF_MEMORY);
  }
  left = 0;
  cr_expect_eq(cardinal_conv_weights_map(poor, packed_path, &made, NULL), CARDINAL_OUT_OF_MEMORY);
  cr_expect_eq(cardinal_conv_create_packed(poor, &d, packed, &plan, NULL), CARDINAL_OUT_OF_MEMORY);
  cr_expect(!made && !plan);
  left = 2;
  cr_assert_eq(cardinal_conv_weights_map(poor, packed_path, &made, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_conv_create_packed(poor, &d, made, &plan, NULL), CARDINAL_OK);
  cr_expect_eq(left, 0u);
  cardinal_plan_destroy(plan);
  cardinal_conv_weights_destroy(made);
  packed_expect_same_bits(packed_context, packed, 1, 5); /* nothing that failed let go of what it didn't hold */
  cardinal_conv_weights_destroy(packed);
  cardinal_context_destroy(poor);
}
