/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of tensors and copies between layouts. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <cardinal/cardinal.h>

#include "tests/ops/conv_case.h"
#include "tests/support/seed.h"

Test(tensor, floats) {
  size_t floats = 0;
  cr_expect_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_NCHW, 2, 17, 3, 5, &floats), CARDINAL_OK);
  cr_expect_eq(floats, 2 * 17 * 3 * 5);
  cr_expect_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_NHWC, 2, 17, 3, 5, &floats), CARDINAL_OK);
  cr_expect_eq(floats, 2 * 17 * 3 * 5);
  cr_expect_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, 2, 17, 3, 5, &floats), CARDINAL_OK);
  cr_expect_eq(floats, 2 * 32 * 3 * 5);
  cr_expect_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, 1, 1, 1, 1, &floats), CARDINAL_OK);
  cr_expect_eq(floats, 16);

  floats = 77;
  for (size_t zero = 0; zero < 4; ++zero)
    for (int64_t bad = -1; bad <= 0; ++bad) {
      int64_t size[4] = {1, 1, 1, 1};
      size[zero] = bad;
      cr_expect_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_NCHW, size[0], size[1], size[2], size[3], &floats),
                   CARDINAL_INVALID_ARGUMENT);
    }
  cr_expect_eq(cardinal_tensor_floats((cardinal_layout)3, 1, 1, 1, 1, &floats), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_tensor_floats((cardinal_layout)-1, 1, 1, 1, 1, &floats), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_NCHW, 1, 1, 1, 1, NULL), CARDINAL_INVALID_ARGUMENT);
  static const int64_t large[][4] = {{INT64_MAX, 1, 1, 1},
                                     {1, INT64_MAX, 1, 1},
                                     {1, 1, INT64_MAX, 2},
                                     {1 << 20, 1 << 20, 1 << 20, 1 << 20},
                                     {1, INT64_C(1) << 61, 1, 1}};
  for (size_t i = 0; i < sizeof large / sizeof large[0]; ++i)
    for (int layout = 0; layout <= CARDINAL_LAYOUT_NHWC; ++layout)
      cr_expect_eq(
          cardinal_tensor_floats((cardinal_layout)layout, large[i][0], large[i][1], large[i][2], large[i][3], &floats),
          CARDINAL_OVERFLOW, "case %zu, layout %d", i, layout);
  cr_expect_eq(floats, 77, "a failure changed the output");
}

Test(tensor, convert_between_all_layouts) {
  gauntlet_memory from_memory, to_memory;
  gauntlet_memory_init(&from_memory, 1 << 16);
  gauntlet_memory_init(&to_memory, 1 << 16);
  gauntlet_random random = test_random(1);
  float plain[3 * 40 * 12];
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; ++i)
    plain[i] = gauntlet_hard_float(&random);
  for (size_t channels = 1; channels <= 40; ++channels)
    for (int from = 0; from <= CARDINAL_LAYOUT_NHWC; ++from)
      for (int to = 0; to <= CARDINAL_LAYOUT_NHWC; ++to) {
        const size_t batch = 1 + channels % 3, height = 1 + channels % 4, width = 1 + channels % 3;
        const size_t pixels = height * width;
        const gauntlet_placement placement = (gauntlet_placement)(channels % GAUNTLET_PLACEMENTS);
        float *x = gauntlet_memory_place(&from_memory, tensor_floats((cardinal_layout)from, batch, channels, pixels),
                                         placement);
        float *y =
            gauntlet_memory_place(&to_memory, tensor_floats((cardinal_layout)to, batch, channels, pixels), placement);
        tensor_spread((cardinal_layout)from, x, plain, batch, channels, pixels);
        if (from == CARDINAL_LAYOUT_BLOCKED16) /* rubbish in padding lanes goes nowhere */
          for (size_t c = channels; c % 16; ++c)
            x[tensor_index((cardinal_layout)from, channels, pixels, 0, c, 0)] = INFINITY;
        cardinal_error error;
        cr_assert_eq(cardinal_tensor_convert((cardinal_layout)from, x, (cardinal_layout)to, y, (int64_t)batch,
                                             (int64_t)channels, (int64_t)height, (int64_t)width, &error),
                     CARDINAL_OK, "%s", error.message);
        cr_expect_eq(tensor_difference((cardinal_layout)to, y, plain, batch, channels, pixels),
                     batch * channels * pixels, "%zu channels from %s to %s", channels,
                     tensor_layout_name((cardinal_layout)from), tensor_layout_name((cardinal_layout)to));
        cr_expect(gauntlet_memory_intact(&from_memory) && gauntlet_memory_intact(&to_memory));
      }
}

static void refuse(cardinal_layout from_layout, const float *from, cardinal_layout to_layout, float *to,
                   int64_t channels, cardinal_status status, const char *word) {
  cardinal_error error = {.status = CARDINAL_OK};
  cr_expect_eq(cardinal_tensor_convert(from_layout, from, to_layout, to, 1, channels, 2, 2, &error), status, "%s",
               word);
  cr_expect(error.status == status && strstr(error.message, word), "'%s' doesn't say '%s'", error.message, word);
  cr_expect_eq(cardinal_tensor_convert(from_layout, from, to_layout, to, 1, channels, 2, 2, NULL), status);
}

Test(tensor, convert_refuses) {
  static float memory[256];
  const cardinal_layout nchw = CARDINAL_LAYOUT_NCHW, blocked = CARDINAL_LAYOUT_BLOCKED16;
  refuse(nchw, NULL, blocked, memory, 4, CARDINAL_INVALID_ARGUMENT, "'from'");
  refuse(nchw, memory, blocked, NULL, 4, CARDINAL_INVALID_ARGUMENT, "'to'");
  refuse(nchw, memory, nchw, memory, 4, CARDINAL_INVALID_ARGUMENT, "overlap");
  refuse(nchw, memory, blocked, memory + 15, 4, CARDINAL_INVALID_ARGUMENT, "overlap");
  refuse(blocked, memory, nchw, memory + 63, 4, CARDINAL_INVALID_ARGUMENT, "overlap");
  refuse(nchw, memory + 63, blocked, memory, 4, CARDINAL_INVALID_ARGUMENT, "overlap");
  refuse((cardinal_layout)5, memory, nchw, memory + 64, 4, CARDINAL_INVALID_ARGUMENT, "layout");
  refuse(nchw, memory, (cardinal_layout)5, memory + 64, 4, CARDINAL_INVALID_ARGUMENT, "layout");
  refuse(nchw, memory, nchw, memory + 64, 0, CARDINAL_INVALID_ARGUMENT, "at least 1");
  refuse(nchw, memory, nchw, memory + 64, INT64_MAX, CARDINAL_OVERFLOW, "fit memory");
  cr_expect_eq(cardinal_tensor_convert(nchw, memory, blocked, memory + 16, 1, 4, 2, 2, NULL), CARDINAL_OK,
               "touching isn't overlapping");
}
