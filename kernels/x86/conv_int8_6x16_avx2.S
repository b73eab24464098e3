/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/int8_mad.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_int8_w1_avx2, own, 12, 1
tiles conv_int8_w4_avx2, quarters, 12, 1
tiles conv_int8_w8_avx2, one, 12, 1
tiles conv_int8_w16_avx2, one, 6, 2

table cardinal_conv_int8_avx2_tiles
entries conv_int8_w1_avx2, 12, 1
entries conv_int8_w4_avx2, 12, 1
entries conv_int8_w8_avx2, 12, 1
entries conv_int8_w16_avx2, 6, 2
end_table cardinal_conv_int8_avx2_tiles
