/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/bf16.inc"
#define COLUMNS 1
#define MOST_PIXELS 14
#define QUAD_CELLS 2
#define QUAD_LOAD LOAD_PAIR
#define QUAD_PRODUCT PRODUCT
#define ONE_QUAD 1
#include "kernels/arm/gconv3x3_segments.inc"

tiles gconv3x3_bf16_w4_neonbf16
