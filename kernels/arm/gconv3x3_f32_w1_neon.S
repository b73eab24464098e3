/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/f32.inc"
#define COLUMNS 1
#define MOST_PIXELS 14
#define QUAD_CELLS 1 /* of its own for each lane */
#define QUAD_LOAD LOAD_X
#define QUAD_PRODUCT PRODUCT_OF_LANES
#define ONE_QUAD 1
#include "kernels/arm/gconv3x3_segments.inc"

tiles gconv3x3_f32_w1_neon
