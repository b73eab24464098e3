/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of bf16 with AVX2's f32: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_bf16_3x32_avx2, BF16, fc_bf16_avx2)
