/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of bf16 with AVX512_BF16: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_bf16_3x64_avx512bf16, BF16, fc_bf16_avx512bf16)
