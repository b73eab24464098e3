/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel, a plain vector of the input. */
#include "kernels/x86/gconv3x3_avx512.h"

void cardinal_gconv3x3_f32_w1_avx512(const cardinal_conv_args *a) {
  if (a->stride_h == 1)
    cardinal_avx512_direct(a, CARDINAL_VECTOR, 1);
  else
    cardinal_avx512_direct(a, CARDINAL_VECTOR, 2);
}
