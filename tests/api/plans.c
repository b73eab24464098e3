/* SPDX-License-Identifier: BSD-3-Clause */
/* Making and running plans with wrong arguments: what is refused, and how it is said. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/fixture.h"

TestSuite(plans, .init = fixture_start, .fini = fixture_stop);

static cardinal_conv_desc good_conv(void) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.in_channels = 8;
  d.out_channels = 12;
  d.groups = 4;
  d.in_height = 6;
  d.in_width = 7;
  d.kernel_height = d.kernel_width = 3;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = 1;
  return d;
}

static const float weights[12 * 2 * 3 * 3], bias[12];

/* Both functions that take the descriptor must refuse it, naming themselves and `word`. */
static void refuse_conv(const cardinal_conv_desc *d, cardinal_status status, const char *word) {
  cardinal_plan *const untouched = (cardinal_plan *)(void *)&status;
  cardinal_plan *plan = untouched;
  cardinal_error error = {.status = CARDINAL_OK};
  cardinal_status found = cardinal_conv_create(fixture_context, d, weights, NULL, &plan, &error);
  cr_expect_eq(found, status, "%s: status %s, expected %s: '%s'", word, cardinal_status_string(found),
               cardinal_status_string(status), error.message);
  cr_expect(error.status == found && strstr(error.message, word) && strstr(error.message, "cardinal_conv_create"),
            "'%s' doesn't say '%s'", error.message, word);
  cr_expect_eq(plan, untouched, "%s: the plan was changed", word);

  int64_t height = -5, width = -6;
  found = cardinal_conv_output_size(d, &height, &width, &error);
  if (status == CARDINAL_INVALID_ARGUMENT) {
    cr_expect_eq(found, status, "%s", word);
    cr_expect(strstr(error.message, word) && strstr(error.message, "cardinal_conv_output_size"), "'%s'", error.message);
    cr_expect(height == -5 && width == -6, "%s: an output was changed", word);
  }
}

static void refuse_size(const void *desc, const char *word) {
  refuse_conv(desc, CARDINAL_INVALID_ARGUMENT, word);
}

Test(plans, conv_dimensions) {
  static const fixture_size sizes[] = {{"batch", offsetof(cardinal_conv_desc, batch), 1},
                                       {"in_channels", offsetof(cardinal_conv_desc, in_channels), 1},
                                       {"in_height", offsetof(cardinal_conv_desc, in_height), 1},
                                       {"in_width", offsetof(cardinal_conv_desc, in_width), 1},
                                       {"out_channels", offsetof(cardinal_conv_desc, out_channels), 1},
                                       {"groups", offsetof(cardinal_conv_desc, groups), 1},
                                       {"kernel_height", offsetof(cardinal_conv_desc, kernel_height), 1},
                                       {"kernel_width", offsetof(cardinal_conv_desc, kernel_width), 1},
                                       {"stride_height", offsetof(cardinal_conv_desc, stride_height), 1},
                                       {"stride_width", offsetof(cardinal_conv_desc, stride_width), 1},
                                       {"dilation_height", offsetof(cardinal_conv_desc, dilation_height), 1},
                                       {"dilation_width", offsetof(cardinal_conv_desc, dilation_width), 1},
                                       {"pad_top", offsetof(cardinal_conv_desc, pad_top), 0},
                                       {"pad_left", offsetof(cardinal_conv_desc, pad_left), 0},
                                       {"pad_bottom", offsetof(cardinal_conv_desc, pad_bottom), 0},
                                       {"pad_right", offsetof(cardinal_conv_desc, pad_right), 0}};
  const cardinal_conv_desc good = good_conv();
  fixture_spoil_sizes(sizes, sizeof sizes / sizeof sizes[0], &good, sizeof good, refuse_size);
}

Test(plans, conv_arguments_that_contradict) {
  cardinal_conv_desc d = good_conv();
  d.groups = 3;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "groups");
  d = good_conv();
  d.out_channels = 13;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "out_channels");
  d = good_conv();
  d.kernel_height = 9;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "rows");
  d = good_conv();
  d.dilation_width = 5;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "columns");
  d = good_conv();
  d.x_layout = (cardinal_layout)3;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "x_layout");
  d = good_conv();
  d.y_layout = (cardinal_layout)-1;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "y_layout");
  d = good_conv();
  d.has_bias = 1; /* refuse_conv gives none */
  cardinal_plan *plan;
  cardinal_error error;
  cr_expect_eq(cardinal_conv_create(fixture_context, &d, weights, NULL, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "bias"));
  d.has_bias = 0;
  cr_expect_eq(cardinal_conv_create(fixture_context, &d, weights, bias, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "bias"));
}

Test(plans, conv_reserved_fields) {
  cardinal_conv_desc d = good_conv();
  d.reserved = 7;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "reserved");
  d = good_conv();
  d.reserved2 = 7;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "reserved2");
}

Test(plans, conv_null_arguments) {
  const cardinal_conv_desc d = good_conv();
  cardinal_plan *plan = NULL;
  cardinal_error error;
  int64_t size;
  cr_expect_eq(cardinal_conv_create(NULL, &d, weights, NULL, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'context'"));
  cr_expect_eq(cardinal_conv_create(fixture_context, NULL, weights, NULL, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'desc'"));
  cr_expect_eq(cardinal_conv_create(fixture_context, &d, NULL, NULL, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'weights'"));
  cr_expect_eq(cardinal_conv_create(fixture_context, &d, weights, NULL, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'plan'"));
  cr_expect_eq(cardinal_conv_output_size(NULL, &size, &size, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'desc'"));
  cr_expect_eq(cardinal_conv_output_size(&d, NULL, &size, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'height'"));
  cr_expect_eq(cardinal_conv_output_size(&d, &size, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'width'"));
  cr_expect_eq(cardinal_conv_create(fixture_context, NULL, weights, NULL, &plan, NULL), CARDINAL_INVALID_ARGUMENT);
  cr_expect_null(plan);
  cardinal_plan_destroy(NULL);
}

/* Sizes whose products don't fit: refused before anything is allocated. */
Test(plans, conv_sizes_that_overflow) {
  const int64_t most = INT64_C(0x7FFFFFFF);
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.in_channels = d.out_channels = most;
  d.in_height = d.in_width = 1;
  refuse_conv(&d, CARDINAL_OVERFLOW, "weights"); /* 2^62 weights */
  d.in_channels = d.out_channels = 16;
  d.kernel_height = d.kernel_width = d.in_height = d.in_width = most;
  refuse_conv(&d, CARDINAL_OVERFLOW, "weights");
  d.kernel_height = d.kernel_width = 1;
  refuse_conv(&d, CARDINAL_OVERFLOW, "tensors"); /* 2^66 inputs */
  d.in_height = d.in_width = 1;
  d.pad_top = d.pad_bottom = d.pad_left = d.pad_right = most / 2;
  refuse_conv(&d, CARDINAL_OVERFLOW, "tensors"); /* 2^66 outputs */
  d.pad_top = d.pad_bottom = most;
  refuse_conv(&d, CARDINAL_OVERFLOW, "rows");
  d.pad_top = d.pad_bottom = 0;
  d.pad_left = d.pad_right = most;
  refuse_conv(&d, CARDINAL_OVERFLOW, "columns");
  d.pad_left = d.pad_right = 0;
  d.batch = most;
  d.in_height = most;
  refuse_conv(&d, CARDINAL_OVERFLOW, "tensors");
}

Test(plans, conv_output_sizes) {
  static const struct {
    int64_t in, pads, window, dilation, stride, out;
  } cases[] = {{56, 2, 3, 1, 1, 56},   {56, 2, 3, 1, 2, 28}, {7, 2, 3, 1, 2, 4},
               {224, 6, 7, 1, 2, 112}, {1, 2, 3, 1, 1, 1},   {9, 0, 3, 4, 1, 1},
               {5, 0, 1, 1, 3, 2},     {6, 0, 1, 1, 3, 2},   {7, 0, 1, 1, 3, 3}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    cardinal_conv_desc d;
    cardinal_conv_desc_init(&d);
    d.in_channels = d.out_channels = 1;
    d.in_height = d.in_width = cases[i].in;
    d.pad_top = d.pad_left = cases[i].pads / 2;
    d.pad_bottom = d.pad_right = cases[i].pads - cases[i].pads / 2;
    d.kernel_height = d.kernel_width = cases[i].window;
    d.dilation_height = d.dilation_width = cases[i].dilation;
    d.stride_height = d.stride_width = cases[i].stride;
    int64_t height, width;
    cr_assert_eq(cardinal_conv_output_size(&d, &height, &width, NULL), CARDINAL_OK);
    cr_expect(height == cases[i].out && width == cases[i].out, "case %zu is %lldx%lld", i, (long long)height,
              (long long)width);
  }
}

Test(plans, size_of_descriptors) {
  struct {
    cardinal_conv_desc desc;
    unsigned char tail[24];
  } longer = {.desc = good_conv()};
  longer.desc.struct_size = sizeof longer;
  cardinal_plan *plan;
  cr_assert_eq(cardinal_conv_create(fixture_context, &longer.desc, weights, NULL, &plan, NULL), CARDINAL_OK);
  cardinal_plan_destroy(plan);
  longer.tail[3] = 1;
  refuse_conv(&longer.desc, CARDINAL_INVALID_ARGUMENT, "struct_size");
  cardinal_conv_desc d = good_conv();
  d.struct_size = 0;
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "struct_size");
  d.struct_size = 159; /* the first release's was 160 */
  refuse_conv(&d, CARDINAL_INVALID_ARGUMENT, "struct_size");
}

/* ---- runs ---- */

typedef struct run_args {
  const cardinal_plan *plan;
  const float *x, *residual;
  float *y;
  void *scratch;
} run_args;

static void refuse_run(run_args a, const char *word1, const char *word2) {
  cardinal_error error = {.status = CARDINAL_OK};
  const cardinal_status found = cardinal_plan_run(a.plan, a.x, a.residual, a.y, a.scratch, &error);
  cr_expect_eq(found, CARDINAL_INVALID_ARGUMENT, "'%s', '%s': status %s", word1, word2, cardinal_status_string(found));
  cr_expect(strstr(error.message, word1) && strstr(error.message, word2), "'%s' doesn't say '%s' and '%s'",
            error.message, word1, word2);
  cr_expect_eq(cardinal_plan_run(a.plan, a.x, a.residual, a.y, a.scratch, NULL), CARDINAL_INVALID_ARGUMENT);
}

Test(plans, run_arguments_and_overlaps) {
  cardinal_conv_desc d = good_conv();
  d.has_residual = 1;
  cardinal_plan *plan, *bare;
  cr_assert_eq(cardinal_conv_create(fixture_context, &d, weights, NULL, &plan, NULL), CARDINAL_OK);
  d.has_residual = 0;
  cr_assert_eq(cardinal_conv_create(fixture_context, &d, weights, NULL, &bare, NULL), CARDINAL_OK);
  const size_t floats = 16 * 6 * 7, scratch_bytes = cardinal_plan_scratch_bytes(plan);
  float *memory = calloc(4 * floats, sizeof(float));
  char *scratch = malloc(scratch_bytes + 8 * floats);
  float *x = memory, *residual = memory + floats, *y = memory + 2 * floats;
  const run_args good = {plan, x, residual, y, scratch};
  cr_expect_eq(cardinal_plan_run(plan, x, residual, y, scratch, NULL), CARDINAL_OK);
  cr_expect_eq(cardinal_plan_run(plan, x, y, y, scratch, NULL), CARDINAL_OK, "the residual may be y");
  cr_expect_eq(cardinal_plan_run(plan, x, x, y, scratch, NULL), CARDINAL_OK, "x and the residual are only read");
  cr_expect_eq(cardinal_plan_run(bare, x, NULL, x + floats, scratch, NULL), CARDINAL_OK, "touching isn't overlapping");

  run_args a = good;
  a.plan = NULL;
  refuse_run(a, "'plan'", "NULL");
  a = good;
  a.x = NULL;
  refuse_run(a, "'x'", "NULL");
  a = good;
  a.y = NULL;
  refuse_run(a, "'y'", "NULL");
  a = good;
  a.scratch = NULL;
  refuse_run(a, "'scratch'", "NULL");
  a = good;
  a.residual = NULL;
  refuse_run(a, "residual", "NULL");
  a = good;
  a.plan = bare;
  refuse_run(a, "residual", "without");

  a = good;
  a.y = x;
  refuse_run(a, "x", "overlap");
  a.y = x + floats - 1;
  refuse_run(a, "x", "overlap");
  a = good;
  a.x = y + floats - 1;
  refuse_run(a, "x", "overlap");
  a = good;
  a.residual = y + 1;
  refuse_run(a, "residual", "overlap");
  a.residual = y - floats + 1;
  refuse_run(a, "residual", "overlap");

  a = good; /* a tensor in the last float of the scratch, then scratch that begins in a tensor's last bytes */
  a.x = (float *)(void *)(scratch + (scratch_bytes / sizeof(float) - 1) * sizeof(float));
  refuse_run(a, "scratch", "overlaps");
  a = good;
  a.residual = (float *)(void *)scratch;
  refuse_run(a, "scratch", "overlaps");
  a = good;
  a.y = (float *)(void *)(scratch + 64);
  refuse_run(a, "scratch", "overlaps");
  a = good;
  a.scratch = (char *)(x + floats) - 1;
  refuse_run(a, "scratch", "overlaps");

  cardinal_plan_destroy(plan);
  cardinal_plan_destroy(bare);
  free(memory);
  free(scratch);
}

/* ---- what a plan tells about itself ---- */

typedef struct told {
  size_t candidates, chosen;
  char kernel[64];
  bool reasons;
} told;

static void listen(void *user, const char *kernel, const char *reason) {
  told *t = user;
  ++t->candidates;
  if (!reason) {
    ++t->chosen;
    snprintf(t->kernel, sizeof t->kernel, "%s", kernel);
  } else {
    t->reasons = t->reasons && *reason;
  }
}

/* x and the residual are only read. */
Test(plans, the_residual_may_be_x) {
  float w[8 * 2 * 3 * 3], x[16 * 6 * 7], copy[16 * 6 * 7], y[16 * 6 * 7], expected[16 * 6 * 7];
  for (size_t i = 0; i < sizeof w / sizeof w[0]; ++i)
    w[i] = (float)(i % 7) - 3;
  for (int layout = CARDINAL_LAYOUT_BLOCKED16; layout <= CARDINAL_LAYOUT_NHWC; ++layout) {
    cardinal_conv_desc d = good_conv();
    d.out_channels = d.in_channels;
    d.x_layout = d.y_layout = (cardinal_layout)layout;
    d.has_residual = 1;
    const bool blocked = layout == CARDINAL_LAYOUT_BLOCKED16;
    for (size_t i = 0; i < sizeof x / sizeof x[0]; ++i)
      x[i] = copy[i] = blocked && i % 16 >= 8 ? 0 : (float)(i % 11) - 5; /* the lanes past the channels hold zeros */
    cardinal_plan *plan;
    cr_assert_eq(cardinal_conv_create(fixture_context, &d, w, NULL, &plan, NULL), CARDINAL_OK);
    void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
    memset(y, 0, sizeof y);
    memset(expected, 0, sizeof expected);
    cr_assert_eq(cardinal_plan_run(plan, x, copy, expected, scratch, NULL), CARDINAL_OK);
    cr_assert_eq(cardinal_plan_run(plan, x, x, y, scratch, NULL), CARDINAL_OK);
    cr_expect(!memcmp(y, expected, sizeof y), "layout %d: another result", layout);
    cr_expect(!memcmp(x, copy, sizeof x), "layout %d: x was changed", layout);
    free(scratch);
    cardinal_plan_destroy(plan);
  }
}

Test(plans, candidates_and_sizes) {
  const cardinal_conv_desc d = good_conv();
  cardinal_pool_desc pool;
  cardinal_pool_desc_init(&pool);
  pool.channels = 5;
  pool.in_height = pool.in_width = 6;
  cardinal_plan *plans[2];
  cr_assert_eq(cardinal_conv_create(fixture_context, &d, weights, NULL, &plans[0], NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_pool_create(fixture_context, &pool, &plans[1], NULL), CARDINAL_OK);
  for (int i = 0; i < 2; ++i) {
    told t = {.reasons = true};
    cardinal_plan_candidates(plans[i], listen, &t);
    cr_expect_eq(t.chosen, 1);
    cr_expect_str_eq(t.kernel, cardinal_plan_kernel(plans[i]));
    cr_expect(t.candidates >= 1 && t.reasons);
  }
  /* 2 channels a group, 9 taps, 16 lanes, in panels of 16 outputs and their bias. */
  cr_expect_geq(cardinal_plan_weight_bytes(plans[0]), (2 * 9 + 1) * 16 * sizeof(float));
  cr_expect_eq(cardinal_plan_weight_bytes(plans[1]), 0);
  cardinal_plan_destroy(plans[0]);
  cardinal_plan_destroy(plans[1]);
}
