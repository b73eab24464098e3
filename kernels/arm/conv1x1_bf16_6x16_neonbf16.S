/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/bf16.inc"
#define AHEAD CONV1X1_AHEAD_BF16_NEON
#include "kernels/arm/conv1x1.inc"

family conv1x1_bf16_neonbf16, 6
