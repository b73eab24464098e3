/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of bf16 by f32's fused multiply-add. kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_bf16_3x16_neon, BF16, fc_bf16_neon)
