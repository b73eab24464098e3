/* SPDX-License-Identifier: BSD-3-Clause */
/* The bundles of CPU features (CARDINAL_CPU_... of the public header) that each ISA's compiler flags allow, and so
 * every kernel built with them needs. What a kernel uses beyond them it names in its line of the registry. */
#ifndef CARDINAL_KERNELS_FEATURES_H
#define CARDINAL_KERNELS_FEATURES_H

#include <cardinal/cardinal.h>

#define CARDINAL_NEEDS_GENERIC 0u
#define CARDINAL_NEEDS_NEON (0u | CARDINAL_CPU_NEON)
#define CARDINAL_NEEDS_AVX2 (0u | CARDINAL_CPU_AVX | CARDINAL_CPU_AVX2 | CARDINAL_CPU_FMA)
#define CARDINAL_NEEDS_AVX512                                                                                          \
  (CARDINAL_NEEDS_AVX2 | CARDINAL_CPU_AVX512F | CARDINAL_CPU_AVX512BW | CARDINAL_CPU_AVX512DQ | CARDINAL_CPU_AVX512VL)

#endif
