/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer, 3 images × 32 outputs, or 1 × 64: kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_f32_3x32_neon, F32, fc_f32_neon)
