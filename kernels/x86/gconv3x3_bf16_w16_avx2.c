/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups that fill whole blocks, or one group: a cell of the input goes to all lanes. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_bf16_w16_avx2, BF16)
