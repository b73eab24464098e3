/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels, four cells of bf16; two groups in a vector. */
#include "kernels/x86/gconv3x3_strip.h"

extern const cardinal_strips cardinal_gconv3x3_bf16_w8_avx512bf16_strips;

void cardinal_gconv3x3_bf16_w8_avx512bf16(const cardinal_conv_args *a) {
  cardinal_strips_run(a, &cardinal_gconv3x3_bf16_w8_avx512bf16_strips, CARDINAL_FORMAT_BF16);
}
