/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels, which are two cells of int8; two groups in a vector. */
#include "kernels/x86/gconv3x3_strip.h"

CARDINAL_STRIPS_KERNEL(gconv3x3_int8_w8_avx512vnni, INT8)
