/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels, two groups in a vector. */
#include "kernels/x86/gconv3x3_strip.h"

extern const cardinal_strips cardinal_gconv3x3_f32_w8_avx512_strips;

void cardinal_gconv3x3_f32_w8_avx512(const cardinal_conv_args *a) {
  cardinal_strips_run(a, &cardinal_gconv3x3_f32_w8_avx512_strips, CARDINAL_FORMAT_F32);
}
