/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels: a vector is two groups. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_f32_w4_avx2, F32)
