/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/int8.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_int8_w1_avx2vnni, own, 12, 1
tiles conv_int8_w4_avx2vnni, quarters, 12, 1
tiles conv_int8_w8_avx2vnni, one, 12, 1
tiles conv_int8_w16_avx2vnni, one, 6, 2

table cardinal_conv_int8_avx2vnni_tiles
entries conv_int8_w1_avx2vnni, 12, 1
entries conv_int8_w4_avx2vnni, 12, 1
entries conv_int8_w8_avx2vnni, 12, 1
entries conv_int8_w16_avx2vnni, 6, 2
end_table cardinal_conv_int8_avx2vnni_tiles
