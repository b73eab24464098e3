/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups that fill whole blocks, or one group: an input value goes to all lanes. */
#include "kernels/x86/gconv3x3_avx512.h"

void cardinal_gconv3x3_f32_w16_avx512(const cardinal_conv_args *a) {
  if (a->stride_h == 1)
    cardinal_avx512_direct(a, CARDINAL_SCALAR, 1);
  else
    cardinal_avx512_direct(a, CARDINAL_SCALAR, 2);
}
