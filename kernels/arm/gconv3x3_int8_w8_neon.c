/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels, which are two vectors. */
#include "kernels/arm/gconv3x3.h"

CARDINAL_GCONV3X3_KERNEL(gconv3x3_int8_w8_neon, INT8, cardinal_cut_evenly(out_width, 7))
