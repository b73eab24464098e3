/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/bf16_fma.inc"
#include "kernels/x86/conv_window_groups.inc"

tiles conv_bf16_w1_avx512, own, 14, 1
tiles conv_bf16_w4_avx512, quarters, 14, 1
tiles conv_bf16_w8_avx512, halves, 14, 1
tiles conv_bf16_w16_avx512, one, 14, 1

table cardinal_conv_bf16_avx512_tiles
entries conv_bf16_w1_avx512, 14, 1
entries conv_bf16_w4_avx512, 14, 1
entries conv_bf16_w8_avx512, 14, 1
entries conv_bf16_w16_avx512, 14, 1
end_table cardinal_conv_bf16_avx512_tiles
