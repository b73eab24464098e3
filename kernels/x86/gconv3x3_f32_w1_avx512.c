/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel. */
#define SLOT 1
#include "kernels/x86/gconv3x3_rolling_avx512.h"

void cardinal_gconv3x3_f32_w1_avx512(const cardinal_conv_args *a) {
  cardinal_avx512_rolling(a);
}
