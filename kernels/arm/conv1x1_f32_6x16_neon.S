/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/f32.inc"
#define AHEAD CONV1X1_AHEAD_NEON
#include "kernels/arm/conv1x1.inc"

family conv1x1_f32_neon, CONV1X1_PIXELS_NEON
