/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, four groups in a vector. */
#include "kernels/x86/gconv3x3_strip.h"

CARDINAL_STRIPS_KERNEL(gconv3x3_f32_w4_avx512, F32)
