/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels: a vector is one group. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_f32_w8_avx2, F32)
