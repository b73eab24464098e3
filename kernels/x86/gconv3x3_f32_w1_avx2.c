/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel. */
#include "kernels/gconv3x3_segments.h"

CARDINAL_SEGMENTS_KERNEL(gconv3x3_f32_w1_avx2, F32)
