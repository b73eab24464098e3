/* SPDX-License-Identifier: BSD-3-Clause */
/* The portable kernels for any window, built with this ISA's flags: the last resort. */
#include "kernels/generic/conv.h"

void cardinal_conv_f32_plain_avx2(const cardinal_conv_args *a) {
  conv_any(a, CARDINAL_FORMAT_F32);
}

void cardinal_conv_bf16_plain_avx2(const cardinal_conv_args *a) {
  conv_any(a, CARDINAL_FORMAT_BF16);
}

void cardinal_conv_int8_plain_avx2(const cardinal_conv_args *a) {
  conv_any(a, CARDINAL_FORMAT_INT8);
}
