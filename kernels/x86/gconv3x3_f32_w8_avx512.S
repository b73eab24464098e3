/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/f32.inc"
#define COLUMNS_END 31 /* which holds the lane that each lane reads */
#define READY_1 2
#define READY_2 5
#define PIXELS_1 7
#define PIXELS_2 10
#include "kernels/x86/gconv3x3_strip.inc"

  .section .rodata
  .p2align 6
first_channel:
  .long 0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8
one:
  .long 1

/* A channel of each group goes to all its lanes. */
.macro column n, at
  vpermps zmm\n, zmm31, [\at]
.endm
.macro cells do, rest:vararg
  cell = 0
  mov rcx, [rdi+STRIP_CELLS]
  load 31, rip+first_channel
2:
  \do \rest
  vpaddd zmm31, zmm31, dword ptr [rip+one]{1to16}
  add r8, CELL
  add r9, CELL
  add r11, CELL
  dec rcx
  jnz 2b
.endm

strips gconv3x3_f32_w8_avx512
