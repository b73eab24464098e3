/* SPDX-License-Identifier: BSD-3-Clause */
/* Making pools with wrong arguments: what is refused, and how it is said. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/api/fixture.h"

TestSuite(pools, .init = fixture_start, .fini = fixture_stop);

static cardinal_pool_desc good_pool(void) {
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.channels = 20;
  d.in_height = 6;
  d.in_width = 7;
  d.kernel_height = d.kernel_width = 3;
  d.stride_height = d.stride_width = 2;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = 1;
  return d;
}

static void refuse_pool(const cardinal_pool_desc *d, cardinal_status status, const char *word) {
  cardinal_plan *plan = NULL;
  cardinal_error error = {.status = CARDINAL_OK};
  const cardinal_status found = cardinal_pool_create(fixture_context, d, &plan, &error);
  cr_expect_eq(found, status, "%s: status %s: '%s'", word, cardinal_status_string(found), error.message);
  cr_expect(strstr(error.message, word) && strstr(error.message, "cardinal_pool_create"), "'%s' doesn't say '%s'",
            error.message, word);
  cr_expect_null(plan);
}

static void refuse_size(const void *desc, const char *word) {
  refuse_pool(desc, CARDINAL_INVALID_ARGUMENT, word);
}

Test(pools, arguments) {
  static const fixture_size sizes[] = {{"batch", offsetof(cardinal_pool_desc, batch), 1},
                                       {"channels", offsetof(cardinal_pool_desc, channels), 1},
                                       {"in_height", offsetof(cardinal_pool_desc, in_height), 1},
                                       {"in_width", offsetof(cardinal_pool_desc, in_width), 1},
                                       {"kernel_height", offsetof(cardinal_pool_desc, kernel_height), 1},
                                       {"kernel_width", offsetof(cardinal_pool_desc, kernel_width), 1},
                                       {"stride_height", offsetof(cardinal_pool_desc, stride_height), 1},
                                       {"stride_width", offsetof(cardinal_pool_desc, stride_width), 1},
                                       {"pad_top", offsetof(cardinal_pool_desc, pad_top), 0},
                                       {"pad_left", offsetof(cardinal_pool_desc, pad_left), 0},
                                       {"pad_bottom", offsetof(cardinal_pool_desc, pad_bottom), 0},
                                       {"pad_right", offsetof(cardinal_pool_desc, pad_right), 0}};
  const cardinal_pool_desc good = good_pool();
  fixture_spoil_sizes(sizes, sizeof sizes / sizeof sizes[0], &good, sizeof good, refuse_size);
  for (size_t side = 0; side < 4; ++side) { /* a window that lies in the padding alone has no maximum */
    cardinal_pool_desc d = good_pool();
    *(side == 0 ? &d.pad_top : side == 1 ? &d.pad_left : side == 2 ? &d.pad_bottom : &d.pad_right) = 3;
    refuse_pool(&d, CARDINAL_INVALID_ARGUMENT, "padding");
  }
  cardinal_pool_desc d = good_pool();
  d.kind = (cardinal_pool_kind)2;
  refuse_pool(&d, CARDINAL_INVALID_ARGUMENT, "kind");
  d = good_pool();
  d.x_layout = (cardinal_layout)9;
  refuse_pool(&d, CARDINAL_INVALID_ARGUMENT, "x_layout");
  d = good_pool();
  d.y_layout = (cardinal_layout)9;
  refuse_pool(&d, CARDINAL_INVALID_ARGUMENT, "y_layout");
  d = good_pool();
  d.kernel_height = 9;
  refuse_pool(&d, CARDINAL_INVALID_ARGUMENT, "rows");
  d = good_pool();
  d.struct_size = 3;
  refuse_pool(&d, CARDINAL_INVALID_ARGUMENT, "struct_size");
  d = good_pool();
  d.in_height = d.in_width = d.channels = INT64_C(0x7FFFFFFF);
  refuse_pool(&d, CARDINAL_OVERFLOW, "tensors");
  refuse_pool(NULL, CARDINAL_INVALID_ARGUMENT, "'desc'");

  d = good_pool();
  cardinal_error error;
  cardinal_plan *plan = NULL;
  int64_t size;
  cr_expect_eq(cardinal_pool_create(NULL, &d, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'context'"));
  cr_expect_eq(cardinal_pool_create(fixture_context, &d, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'plan'"));
  cr_expect_eq(cardinal_pool_output_size(&d, NULL, &size, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'height'"));
  cr_expect_eq(cardinal_pool_output_size(&d, &size, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "'width'"));
}

/* Global average: window, stride and padding don't matter, not even wrong ones inside their range. */
Test(pools, average_ignores_the_window) {
  cardinal_pool_desc d = good_pool();
  d.kind = CARDINAL_POOL_AVERAGE_GLOBAL;
  d.kernel_height = 50;
  d.pad_left = 40;
  int64_t height, width;
  cr_expect_eq(cardinal_pool_output_size(&d, &height, &width, NULL), CARDINAL_OK);
  cr_expect(height == 1 && width == 1);
  cardinal_plan *plan;
  cr_assert_eq(cardinal_pool_create(fixture_context, &d, &plan, NULL), CARDINAL_OK);
  cardinal_plan_destroy(plan);
}
