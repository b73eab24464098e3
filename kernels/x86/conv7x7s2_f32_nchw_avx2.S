/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/f32.inc"
#include "kernels/x86/conv7x7.inc"

family conv7x7s2_f32_avx2_inner, 6, 0
family conv7x7s2_f32_avx2_edge, 6, 1
