/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, which are a vector. */
#include "kernels/arm/gconv3x3.h"

CARDINAL_GCONV3X3_KERNEL(gconv3x3_f32_w4_neon, F32, cardinal_cut_evenly(out_width, 14))
