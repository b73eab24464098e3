/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/f32.inc"
#include "kernels/arm/conv_window.inc"

tiles conv_f32_w1_neon, lanes, 14, 1
tiles conv_f32_w4_neon, one, 14, 1
tiles conv_f32_w8_neon, one, 12, 2
tiles conv_f32_w16_neon, one, 6, 4

table cardinal_conv_f32_neon_tiles
entries conv_f32_w1_neon, 14, 1
entries conv_f32_w4_neon, 14, 1
entries conv_f32_w8_neon, 12, 2
entries conv_f32_w16_neon, 6, 4
end_table cardinal_conv_f32_neon_tiles
