/* SPDX-License-Identifier: BSD-3-Clause */
#define CONV1X1_AHEAD 2
#define CONV1X1_W_LINES 8
#include "kernels/x86/avx512.inc"
#include "kernels/x86/conv1x1.inc"

family conv1x1_f32_avx512, 14, 1, multiply_f32, 14, 64, start_f32, finish_f32
family conv1x1_f32_avx512, 14, 2, multiply_f32, 3, 64, start_f32, finish_f32
