/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/int8_mul.inc"
#define COLUMNS 2
#define MOST_PIXELS 7
#define QUAD_CELLS 2
#define QUAD_LOAD LOAD_PAIR
#define QUAD_PRODUCT PRODUCT
#define ONE_QUAD 0
#include "kernels/arm/gconv3x3_segments.inc"

tiles gconv3x3_int8_w8_neon
