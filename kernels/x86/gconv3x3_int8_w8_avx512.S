/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/int8_mad.inc"
#define MOST_PIXELS 7
#define EMBEDDED 0
#define UNROLLED 0
#include "kernels/x86/gconv3x3_segments.inc"
#define SLOT 8
#include "kernels/x86/gconv3x3_slots.inc"

tiles gconv3x3_int8_w8_avx512
