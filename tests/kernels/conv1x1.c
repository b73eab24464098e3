/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolutions and fully connected layers: every registered kernel against the oracle, its portable twin, exact
 * data and the double-precision bound. */
#include <criterion/criterion.h>
#include <string.h>

#include "dispatch/select.h"
#include "kernels/format.h"
#include "tests/kernels/harness.h"
#include "tests/support/scale.h"

/* A little below what runs. */
static size_t least_conv1x1(const cardinal_kernel *kernel) {
  return kernel->tile_blocks * test_scale(1100, 70);
}

static size_t least_fc(const cardinal_kernel *kernel) {
  return kernel->tile_blocks * test_scale(1900, 20) + test_scale(600, 25);
}

Test(kernels, conv1x1) {
  harness_run("kernels/conv1x1", CARDINAL_FORM_CONV1X1, least_conv1x1);
}

Test(kernels, fc) {
  harness_run("kernels/fc", CARDINAL_FORM_FC, least_fc);
}

/* ---- int8 at its ends ------------------------------------------------------------------------------------------ */

enum {
  END = CARDINAL_INT8_MOST,
  MOST_PIXELS = 14,
  MOST_BLOCKS = 3 /* of input channels */
};

/* The first number of y that isn't `expected`, of a call in which all of x, and all weights, are at an end; or the
 * number of all that there are. */
static size_t wrong_at_ends(const cardinal_kernel *kernel, size_t pixels, size_t channels, int weight, float expected) {
  static const float bias[CARDINAL_BLOCK];
  static int8_t x[MOST_BLOCKS * MOST_PIXELS * CARDINAL_BLOCK];
  static _Alignas(64) int8_t w[MOST_BLOCKS * CARDINAL_BLOCK][CARDINAL_BLOCK];
  static float y[MOST_PIXELS * CARDINAL_BLOCK];
  float scale[CARDINAL_BLOCK];
  memset(x, END, sizeof x);
  memset(w, 0, sizeof w);
  memset(y, 0, sizeof y);
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    scale[l] = 1.0f;
  for (size_t c = 0; c < channels; ++c)
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      w[c / 4 * 4 + l / 4][l % 4 * 4 + c % 4] = (int8_t)weight;
  kernel->conv1x1(&(cardinal_conv1x1_args){.x = x,
                                           .w = w,
                                           .bias = bias,
                                           .scale = scale,
                                           .y = y,
                                           .pixels = pixels,
                                           .channels = channels,
                                           .blocks = 1,
                                           .x_block = pixels * CARDINAL_BLOCK,
                                           .lane_mask = CARDINAL_ALL_LANES,
                                           .y_f32 = 1});
  size_t i = 0;
  while (i < pixels * CARDINAL_BLOCK && y[i] == expected)
    ++i;
  return i;
}

/* All 127, and all weights 127 or all -127: each sum is known, and no step on its way may be cut off. */
Test(kernels, conv1x1_of_int8_at_its_ends) {
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  size_t kernels = 0;
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (kernel->form != CARDINAL_FORM_CONV1X1 || kernel->format != CARDINAL_FORMAT_INT8 ||
        cardinal_kernel_unusable(kernel, &everything))
      continue;
    ++kernels;
    for (size_t pixels = 1; pixels <= MOST_PIXELS; ++pixels)
      for (size_t channels = 1; channels <= MOST_BLOCKS * CARDINAL_BLOCK; ++channels)
        for (int weight = -END; weight <= END; weight += 2 * END) {
          const float expected = (float)(END * weight * (int)channels);
          const size_t at = wrong_at_ends(kernel, pixels, channels, weight, expected);
          cr_assert_eq(at, pixels * CARDINAL_BLOCK, "%s, %zu pixels, %zu channels, weights %d: pixel %zu, channel %zu",
                       kernel->name, pixels, channels, weight, at / CARDINAL_BLOCK, at % CARDINAL_BLOCK);
        }
  }
  cr_assert_gt(kernels, 0);
}
