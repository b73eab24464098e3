/* SPDX-License-Identifier: BSD-3-Clause */
#define FC_AHEAD 32 /* cells that weights are prefetched ahead of their use */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/int8.inc"
#include "kernels/x86/fc.inc"

family fc_int8_avx2vnni
