/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/int8.inc"
#define MOST_PIXELS 12
#define EMBEDDED 0
#define UNROLLED 1
#include "kernels/x86/gconv3x3_segments.inc"
#define SLOT 4
#include "kernels/x86/gconv3x3_slots.inc"

tiles gconv3x3_int8_w4_avx2vnni
