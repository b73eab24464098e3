/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/int8_mad.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_int8_w1_avx512, own, 14, 1
tiles conv_int8_w4_avx512, quarters, 14, 1
tiles conv_int8_w8_avx512, halves, 14, 1
tiles conv_int8_w16_avx512, one, 14, 1

table cardinal_conv_int8_avx512_tiles
entries conv_int8_w1_avx512, 14, 1
entries conv_int8_w4_avx512, 14, 1
entries conv_int8_w8_avx512, 14, 1
entries conv_int8_w16_avx512, 14, 1
end_table cardinal_conv_int8_avx512_tiles
