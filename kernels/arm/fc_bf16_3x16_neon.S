/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/bf16_fma.inc"
#include "kernels/arm/fc.inc"

family fc_bf16_neon
