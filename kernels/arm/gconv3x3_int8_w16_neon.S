/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/int8_mul.inc"
#define COLUMNS 4
#define MOST_PIXELS 4
#define QUAD_CELLS 4
#define QUAD_LOAD LOAD_X
#define QUAD_PRODUCT PRODUCT
#define ONE_QUAD 0
#include "kernels/arm/gconv3x3_segments.inc"

tiles gconv3x3_int8_w16_neon
