/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution of bf16 with AVX-512's f32, 14 pixels × 32 output channels: 28 sums. kernels/x86/conv1x1.inc has the
 * tiles. */
#include "kernels/conv1x1.h"

extern cardinal_conv1x1_tile_function *const cardinal_conv1x1_bf16_avx512_x1[],
    *const cardinal_conv1x1_bf16_avx512_x2[];

void cardinal_conv1x1_bf16_14x32_avx512(const cardinal_conv1x1_args *a) {
  cardinal_conv1x1_run(a, CARDINAL_FORMAT_BF16,
                       a->blocks == 1 ? cardinal_conv1x1_bf16_avx512_x1 : cardinal_conv1x1_bf16_avx512_x2,
                       CONV1X1_PIXELS_AVX512, CONV1X1_AHEAD_AVX512);
}
