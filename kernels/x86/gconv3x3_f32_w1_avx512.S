/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/f32.inc"
#define COLUMNS_END 32
#define READY 2
#include "kernels/x86/gconv3x3_strip.inc"

/* Each lane reads its own channel. */
.macro column n, at
  load \n, \at
.endm
.macro cells do, rest:vararg
  cell = 0
  \do \rest
.endm

strips gconv3x3_f32_w1_avx512
