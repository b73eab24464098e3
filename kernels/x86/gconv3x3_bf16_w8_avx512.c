/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels: two groups in a vector. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_bf16_w8_avx512, BF16)
