/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups that fill whole blocks, or one group. */
#include "kernels/arm/gconv3x3.h"

CARDINAL_GCONV3X3_KERNEL(gconv3x3_bf16_w16_neonbf16, BF16, cardinal_gconv3x3_cut_of_blocks(out_width))
