/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel. */
#include "kernels/arm/gconv3x3.h"

CARDINAL_GCONV3X3_KERNEL(gconv3x3_f32_w1_neon, F32, cardinal_cut_evenly(out_width, 14))
