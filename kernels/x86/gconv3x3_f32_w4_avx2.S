/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/f32.inc"
#define MOST_PIXELS 12
#define EMBEDDED 0
#define UNROLLED 4
#include "kernels/x86/gconv3x3_segments.inc"

/* A channel of each group goes to the group's half. */
.macro column n, at
  vpermilps ymm\n, [\at], 0x55*cell
.endm

tiles gconv3x3_f32_w4_avx2
