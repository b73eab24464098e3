/* SPDX-License-Identifier: BSD-3-Clause */
#define CONV1X1_AHEAD 4
#define CONV1X1_W_LINES 2
#include "kernels/x86/avx2.inc"
#include "kernels/x86/conv1x1.inc"

family conv1x1_f32_avx2, 6, 1, multiply_f32, 1, 64, start_f32, finish_f32
