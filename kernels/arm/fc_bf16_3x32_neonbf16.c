/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of bf16 with BF16's multiply-adds. kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_bf16_3x32_neonbf16, BF16, fc_bf16_neonbf16)
