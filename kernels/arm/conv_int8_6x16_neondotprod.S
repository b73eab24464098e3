/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/int8.inc"
#include "kernels/arm/conv_window.inc"

tiles conv_int8_w1_neondotprod, lanes, 14, 1
tiles conv_int8_w4_neondotprod, one, 14, 1
tiles conv_int8_w8_neondotprod, one, 12, 2
tiles conv_int8_w16_neondotprod, one, 6, 4

table cardinal_conv_int8_neondotprod_tiles
entries conv_int8_w1_neondotprod, 14, 1
entries conv_int8_w4_neondotprod, 14, 1
entries conv_int8_w8_neondotprod, 12, 2
entries conv_int8_w16_neondotprod, 6, 4
end_table cardinal_conv_int8_neondotprod_tiles
