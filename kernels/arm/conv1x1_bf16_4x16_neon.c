/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution of bf16 by f32's fused multiply-add. kernels/arm/conv1x1.inc has the tiles. */
#include "kernels/conv1x1.h"

extern cardinal_conv1x1_tile_function *const cardinal_conv1x1_bf16_neon_x1[];

void cardinal_conv1x1_bf16_4x16_neon(const cardinal_conv1x1_args *a) {
  cardinal_conv1x1_run(a, CARDINAL_FORMAT_BF16, cardinal_conv1x1_bf16_neon_x1, 4, CONV1X1_AHEAD_BF16_NEON);
}
