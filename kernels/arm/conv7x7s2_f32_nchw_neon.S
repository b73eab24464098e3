/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/f32.inc"
#include "kernels/arm/conv7x7.inc"

family conv7x7s2_f32_neon_inner, 6, 0
family conv7x7s2_f32_neon_edge, 6, 1
