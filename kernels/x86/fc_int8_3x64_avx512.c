/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of int8 with AVX-512: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_int8_3x64_avx512, INT8, fc_int8_avx512)
