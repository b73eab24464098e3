/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/int8.inc"
#define KERNEL_W 7
#include "kernels/x86/conv_window_groups.inc"

tiles conv_int8_w1_avx512vnni, own, 14, 1
tiles conv_int8_w4_avx512vnni, quarters, 14, 1
tiles conv_int8_w8_avx512vnni, halves, 14, 1
tiles conv_int8_w16_avx512vnni, one, 14, 1

table cardinal_conv_int8_avx512vnni_tiles
entries conv_int8_w1_avx512vnni, 14, 1
entries conv_int8_w4_avx512vnni, 14, 1
entries conv_int8_w8_avx512vnni, 14, 1
entries conv_int8_w16_avx512vnni, 14, 1
end_table cardinal_conv_int8_avx512vnni_tiles

tiles conv_int8_7_avx512vnni, columns, 14, 1

table cardinal_conv_int8_7_avx512vnni_tiles
entries conv_int8_7_avx512vnni, 14, 1
end_table cardinal_conv_int8_7_avx512vnni_tiles
