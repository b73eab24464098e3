/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of int8 with AVX2: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_int8_3x32_avx2, INT8, fc_int8_avx2)
