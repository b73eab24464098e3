/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, which are a vector. */
#include "kernels/arm/gconv3x3.h"

CARDINAL_GCONV3X3_KERNEL(gconv3x3_bf16_w4_neon, BF16, cardinal_cut_evenly(out_width, 7))
