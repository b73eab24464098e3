/* SPDX-License-Identifier: BSD-3-Clause */
#define CONV1X1_AHEAD CONV1X1_AHEAD_AVX2
#define CONV1X1_W_LINES 2 /* most lines of weights that an input block prefetches */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/bf16_fma.inc"
#include "kernels/x86/conv1x1.inc"

/* prefix, most pixels, blocks, loaded of 14 pixels */
family conv1x1_bf16_avx2, CONV1X1_PIXELS_AVX2, 1, 14
