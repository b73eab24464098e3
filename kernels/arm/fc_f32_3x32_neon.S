/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/f32.inc"
#include "kernels/arm/fc.inc"

family fc_f32_neon
