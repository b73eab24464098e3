/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of up to 4 channels, four groups in a vector. */
#define SLOT 4
#include "kernels/x86/gconv3x3_rolling_avx512.h"

void cardinal_gconv3x3_f32_w4_avx512(const cardinal_conv_args *a) {
  cardinal_avx512_rolling(a);
}
