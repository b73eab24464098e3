/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, one cell of int8; four groups in a vector. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_int8_w4_avx512, INT8)
