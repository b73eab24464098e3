/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/int8.inc"
#define SLOT 8
#define READY 2
#include "kernels/x86/gconv3x3_groups.inc"

strips gconv3x3_int8_w8_avx512vnni
