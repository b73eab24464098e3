/* SPDX-License-Identifier: BSD-3-Clause */
#define ALTERNATING 1
#include "kernels/x86/avx2.inc"
#include "kernels/x86/int8_mad.inc"
#define MOST_PIXELS 12
#define EMBEDDED 0
#define UNROLLED 1
#include "kernels/x86/gconv3x3_segments.inc"

/* A cell of each group, in turn. */
.macro column n, at
  vpbroadcastq ymm\n, qword ptr [\at]
.endm

tiles gconv3x3_int8_w4_avx2
