/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable convolutions with a window: one loop nest, and one function for each case that has fast kernels, in which
 * the compiler sees the constants of that case. */
#include "kernels/generic/conv.h"

/* 3×3, stride 1 or 2, slots of a constant width. */
static inline void gconv3x3(const cardinal_conv_args *a, size_t slot) {
  if (a->window.stride_h == 1)
    conv_rows(a, (known){cardinal_square_window(3, 1, 1, 0), slot, CARDINAL_BLOCK});
  else
    conv_rows(a, (known){cardinal_square_window(3, 2, 1, 0), slot, CARDINAL_BLOCK});
}

void cardinal_gconv3x3_f32_w1_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 1);
}

void cardinal_gconv3x3_f32_w4_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 4);
}

void cardinal_gconv3x3_f32_w8_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 8);
}

void cardinal_gconv3x3_f32_w16_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 16);
}

void cardinal_conv7x7s2_f32_nchw_generic(const cardinal_conv_args *a) {
  conv_rows(a, (known){cardinal_square_window(7, 2, 1, 0), CARDINAL_BLOCK, 1});
}

void cardinal_conv_f32_generic(const cardinal_conv_args *a) {
  conv_any(a);
}
