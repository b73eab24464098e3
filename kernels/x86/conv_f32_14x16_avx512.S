/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/f32.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_f32_w1_avx512, lanes, 14, 1
tiles conv_f32_w4_avx512, quarters, 14, 1
tiles conv_f32_w8_avx512, halves, 14, 1
tiles conv_f32_w16_avx512, embedded, 14, 1

table cardinal_conv_f32_avx512_tiles
entries conv_f32_w1_avx512, 14, 1
entries conv_f32_w4_avx512, 14, 1
entries conv_f32_w8_avx512, 14, 1
entries conv_f32_w16_avx512, 14, 1
end_table cardinal_conv_f32_avx512_tiles
