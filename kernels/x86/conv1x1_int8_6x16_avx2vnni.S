/* SPDX-License-Identifier: BSD-3-Clause */
#define CONV1X1_AHEAD CONV1X1_AHEAD_INT8_AVX2
#define CONV1X1_W_LINES 1 /* most lines of weights that an input block prefetches */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/int8.inc"
#include "kernels/x86/conv1x1.inc"

/* prefix, most pixels, blocks, loaded of 14 pixels */
family conv1x1_int8_avx2vnni, CONV1X1_PIXELS_AVX2, 1, 14
