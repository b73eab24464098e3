/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution, 6 pixels × 16 output channels: 24 sums, which with 6 vectors of x and 2 of weights are just the 32
 * registers. kernels/arm/conv1x1.inc has the tiles. */
#include "kernels/conv1x1.h"

extern cardinal_conv1x1_tile_function *const cardinal_conv1x1_f32_neon_x1[];

void cardinal_conv1x1_f32_6x16_neon(const cardinal_conv1x1_args *a) {
  cardinal_conv1x1_run(a, CARDINAL_FORMAT_F32, cardinal_conv1x1_f32_neon_x1, CONV1X1_PIXELS_NEON, CONV1X1_AHEAD_NEON);
}
