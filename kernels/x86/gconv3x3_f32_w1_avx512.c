/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel. */
#include "kernels/x86/gconv3x3_strip.h"

CARDINAL_STRIPS_KERNEL(gconv3x3_f32_w1_avx512, F32)
