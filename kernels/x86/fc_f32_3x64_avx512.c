/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer with AVX-512: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_f32_3x64_avx512, F32, fc_f32_avx512)
