/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/bf16.inc"
#include "kernels/arm/conv_window.inc"

tiles conv_bf16_w1_neonbf16, lanes, 14, 1
tiles conv_bf16_w4_neonbf16, one, 14, 1
tiles conv_bf16_w8_neonbf16, one, 12, 2
tiles conv_bf16_w16_neonbf16, one, 6, 4

table cardinal_conv_bf16_neonbf16_tiles
entries conv_bf16_w1_neonbf16, 14, 1
entries conv_bf16_w4_neonbf16, 14, 1
entries conv_bf16_w8_neonbf16, 12, 2
entries conv_bf16_w16_neonbf16, 6, 4
end_table cardinal_conv_bf16_neonbf16_tiles
