/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/f32.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_f32_w1_avx2, lanes, 12, 1
tiles conv_f32_w4_avx2, quarters, 12, 1
tiles conv_f32_w8_avx2, one, 12, 1
tiles conv_f32_w16_avx2, one, 6, 2

table cardinal_conv_f32_avx2_tiles
entries conv_f32_w1_avx2, 12, 1
entries conv_f32_w4_avx2, 12, 1
entries conv_f32_w8_avx2, 12, 1
entries conv_f32_w16_avx2, 6, 2
end_table cardinal_conv_f32_avx2_tiles
