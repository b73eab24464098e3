/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/bf16.inc"
#define SLOT 4
#define READY_1 2
#define READY_2 5
#define PIXELS_1 7
#define PIXELS_2 10
#include "kernels/x86/gconv3x3_groups.inc"

strips gconv3x3_bf16_w4_avx512bf16
