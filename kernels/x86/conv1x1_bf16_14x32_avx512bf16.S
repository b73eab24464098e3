/* SPDX-License-Identifier: BSD-3-Clause */
#define CONV1X1_AHEAD CONV1X1_AHEAD_BF16_AVX512
#define CONV1X1_W_LINES 4 /* most lines of weights that an input block prefetches */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/bf16.inc"
#include "kernels/x86/conv1x1.inc"

/* prefix, most pixels, blocks, loaded of 14 pixels, cells alone */
family conv1x1_bf16_avx512bf16, CONV1X1_PIXELS_AVX512, 1, 1
family conv1x1_bf16_avx512bf16, CONV1X1_PIXELS_AVX512, 2, 5, 3
