/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/bf16.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_bf16_w1_avx512bf16, own, 14, 1
tiles conv_bf16_w4_avx512bf16, quarters, 14, 1
tiles conv_bf16_w8_avx512bf16, halves, 14, 1
tiles conv_bf16_w16_avx512bf16, embedded, 14, 1

table cardinal_conv_bf16_avx512bf16_tiles
entries conv_bf16_w1_avx512bf16, 14, 1
entries conv_bf16_w4_avx512bf16, 14, 1
entries conv_bf16_w8_avx512bf16, 14, 1
entries conv_bf16_w16_avx512bf16, 14, 1
end_table cardinal_conv_bf16_avx512bf16_tiles
