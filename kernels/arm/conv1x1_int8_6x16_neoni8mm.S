/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/int8.inc"
#define AHEAD CONV1X1_AHEAD_INT8_NEON
#include "kernels/arm/conv1x1.inc"
#include "kernels/arm/conv1x1_pairs.inc"

family_of_pairs conv1x1_int8_neoni8mm, 4, 6
