/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, two cells of bf16; four groups in a vector. */
#include "kernels/x86/gconv3x3_strip.h"

CARDINAL_STRIPS_KERNEL(gconv3x3_bf16_w4_avx512bf16, BF16)
