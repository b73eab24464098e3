/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, which are one cell of int8; four groups in a vector. */
#include "kernels/x86/gconv3x3_strip.h"

CARDINAL_STRIPS_KERNEL(gconv3x3_int8_w4_avx512vnni, INT8)
