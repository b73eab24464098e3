/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution of bf16 with BF16's multiply-adds. kernels/arm/conv1x1.inc has the tiles. */
#include "kernels/conv1x1.h"

extern cardinal_conv1x1_tile_function *const cardinal_conv1x1_bf16_neonbf16_x1[];

void cardinal_conv1x1_bf16_6x16_neonbf16(const cardinal_conv1x1_args *a) {
  cardinal_conv1x1_run(a, CARDINAL_FORMAT_BF16, cardinal_conv1x1_bf16_neonbf16_x1, 6, CONV1X1_AHEAD_BF16_NEON);
}
