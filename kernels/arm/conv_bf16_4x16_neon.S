/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/bf16_fma.inc"
#include "kernels/arm/conv_window.inc"

tiles conv_bf16_w1_neon, lanes, 14, 1
tiles conv_bf16_w4_neon, one, 14, 1
tiles conv_bf16_w8_neon, one, 10, 2
tiles conv_bf16_w16_neon, one, 4, 4

table cardinal_conv_bf16_neon_tiles
entries conv_bf16_w1_neon, 14, 1
entries conv_bf16_w4_neon, 14, 1
entries conv_bf16_w8_neon, 10, 2
entries conv_bf16_w16_neon, 4, 4
end_table cardinal_conv_bf16_neon_tiles
