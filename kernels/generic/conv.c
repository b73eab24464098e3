/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable convolutions with a window: one loop nest, and one function for each case that has fast kernels, in which
 * the compiler sees the constants of that case. */
#include "kernels/generic/conv.h"

/* 3×3, stride 1 or 2, slots of a constant width. */
CARDINAL_INLINE void gconv3x3(const cardinal_conv_args *a, cardinal_format format, size_t slot) {
  if (a->window.stride_h == 1)
    conv_rows(a, (known){format, cardinal_square_window(3, 1, 1, 0), slot, CARDINAL_BLOCK});
  else
    conv_rows(a, (known){format, cardinal_square_window(3, 2, 1, 0), slot, CARDINAL_BLOCK});
}

void cardinal_gconv3x3_f32_w1_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_F32, 1);
}

void cardinal_gconv3x3_f32_w4_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_F32, 4);
}

void cardinal_gconv3x3_f32_w8_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_F32, 8);
}

void cardinal_gconv3x3_f32_w16_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_F32, 16);
}

void cardinal_gconv3x3_bf16_w4_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_BF16, 4);
}

void cardinal_gconv3x3_bf16_w8_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_BF16, 8);
}

void cardinal_gconv3x3_bf16_w16_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_BF16, 16);
}

void cardinal_gconv3x3_int8_w4_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_INT8, 4);
}

void cardinal_gconv3x3_int8_w8_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_INT8, 8);
}

void cardinal_gconv3x3_int8_w16_generic(const cardinal_conv_args *a) {
  gconv3x3(a, CARDINAL_FORMAT_INT8, 16);
}

void cardinal_conv7x7s2_f32_nchw_generic(const cardinal_conv_args *a) {
  conv_rows(a, (known){CARDINAL_FORMAT_F32, cardinal_square_window(7, 2, 1, 0), CARDINAL_BLOCK, 1});
}

void cardinal_conv_f32_generic(const cardinal_conv_args *a) {
  conv_any(a, CARDINAL_FORMAT_F32);
}

void cardinal_conv_bf16_generic(const cardinal_conv_args *a) {
  conv_any(a, CARDINAL_FORMAT_BF16);
}

void cardinal_conv_int8_generic(const cardinal_conv_args *a) {
  conv_any(a, CARDINAL_FORMAT_INT8);
}
