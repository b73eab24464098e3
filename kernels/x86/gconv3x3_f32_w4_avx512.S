/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/f32.inc"
#define COLUMNS_END 32
#define READY 3
#include "kernels/x86/gconv3x3_strip.inc"

/* Within quarters of a register, a channel of each group goes to all its lanes. Such shuffles are the cheapest there
 * are: on Zen 4 and 5 they don't take a pipe from FMAs. */
.macro column n, at
  vpermilps zmm\n, [\at], 0x55*cell
.endm
.macro cells do, rest:vararg
  each 4, unrolled, \do, \rest
.endm
.macro unrolled c, do, rest:vararg
  cell = \c
  \do \rest
.endm

strips gconv3x3_f32_w4_avx512
