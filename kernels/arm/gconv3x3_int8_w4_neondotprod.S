/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/int8.inc"
#define COLUMNS 1
#define MOST_PIXELS 14
#define QUAD_CELLS 1
#define QUAD_LOAD LOAD_CELL
#define QUAD_PRODUCT PRODUCT
#define ONE_QUAD 1
#include "kernels/arm/gconv3x3_segments.inc"

tiles gconv3x3_int8_w4_neondotprod
