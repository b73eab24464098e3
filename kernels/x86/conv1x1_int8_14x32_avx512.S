/* SPDX-License-Identifier: BSD-3-Clause */
#define CONV1X1_AHEAD CONV1X1_AHEAD_INT8_AVX512
#define CONV1X1_W_LINES 2 /* most lines of weights that an input block prefetches */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/int8_mad.inc"
#include "kernels/x86/conv1x1.inc"

/* prefix, most pixels, blocks, loaded of 14 pixels */
family conv1x1_int8_avx512, CONV1X1_PIXELS_AVX512, 1, 14
family conv1x1_int8_avx512, CONV1X1_PIXELS_AVX512, 2, 14
