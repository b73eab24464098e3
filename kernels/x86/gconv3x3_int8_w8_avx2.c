/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels: a cell of the input goes to all lanes of half a block. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_int8_w8_avx2, INT8)
