/* SPDX-License-Identifier: BSD-3-Clause */
/* What the 3×3 kernels for AVX-512 share: the names of their sums, and what happens to finished ones. They are written
 * in assembly because they use all 32 registers: gcc 12 and clang 14 spill accumulators there (clang 14 kept most of
 * them in memory, at a third of the speed), and an asm statement can't take so many as operands. */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_AVX512_H
#define CARDINAL_KERNELS_X86_GCONV3X3_AVX512_H

#include "kernels/x86/avx512.h"

/* A tile's text is longer than what ISO C demands of compilers. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

/* The register of the sum of pixel `p` in a row of sums that begins at register `first`. Tokens, not values: register
 * names are put together by the preprocessor. */
#define SUM(first, p) SUM_##first##_##p
#define SUM_0_0 "%%zmm0"
#define SUM_0_1 "%%zmm1"
#define SUM_0_2 "%%zmm2"
#define SUM_0_3 "%%zmm3"
#define SUM_0_4 "%%zmm4"
#define SUM_0_5 "%%zmm5"
#define SUM_0_6 "%%zmm6"
#define SUM_0_7 "%%zmm7"
#define SUM_0_8 "%%zmm8"
#define SUM_0_9 "%%zmm9"
#define SUM_7_0 "%%zmm7"
#define SUM_7_1 "%%zmm8"
#define SUM_7_2 "%%zmm9"
#define SUM_7_3 "%%zmm10"
#define SUM_7_4 "%%zmm11"
#define SUM_7_5 "%%zmm12"
#define SUM_7_6 "%%zmm13"
#define SUM_10_0 "%%zmm10"
#define SUM_10_1 "%%zmm11"
#define SUM_10_2 "%%zmm12"
#define SUM_10_3 "%%zmm13"
#define SUM_10_4 "%%zmm14"
#define SUM_10_5 "%%zmm15"
#define SUM_10_6 "%%zmm16"
#define SUM_10_7 "%%zmm17"
#define SUM_10_8 "%%zmm18"
#define SUM_10_9 "%%zmm19"
#define SUM_14_0 "%%zmm14"
#define SUM_14_1 "%%zmm15"
#define SUM_14_2 "%%zmm16"
#define SUM_14_3 "%%zmm17"
#define SUM_14_4 "%%zmm18"
#define SUM_14_5 "%%zmm19"
#define SUM_14_6 "%%zmm20"
#define SUM_21_0 "%%zmm21"
#define SUM_21_1 "%%zmm22"
#define SUM_21_2 "%%zmm23"
#define SUM_21_3 "%%zmm24"
#define SUM_21_4 "%%zmm25"
#define SUM_21_5 "%%zmm26"
#define SUM_21_6 "%%zmm27"

/* `op` for each of so many sums. */
#define EACH_1(op, first) op(first, 0)
#define EACH_2(op, first) EACH_1(op, first) op(first, 1)
#define EACH_3(op, first) EACH_2(op, first) op(first, 2)
#define EACH_4(op, first) EACH_3(op, first) op(first, 3)
#define EACH_5(op, first) EACH_4(op, first) op(first, 4)
#define EACH_6(op, first) EACH_5(op, first) op(first, 5)
#define EACH_7(op, first) EACH_6(op, first) op(first, 6)
#define EACH_8(op, first) EACH_7(op, first) op(first, 7)
#define EACH_9(op, first) EACH_8(op, first) op(first, 8)
#define EACH_10(op, first) EACH_9(op, first) op(first, 9)

/* Sums begin with the bias at r11. */
#define BEGIN(first, p) "vmovups (%%r11), " SUM(first, p) "\n"

/* The result of a row of sums goes to rdx, its residual is rcx bytes further; zmm30 is the floor and k1 the lane mask.
 * max(floor, sum) in this order of operands gives the sum where it is NaN or both are zeros. */
#define ADD_RESIDUAL(first, p) "vaddps " #p "*64(%%rdx, %%rcx), " SUM(first, p) ", " SUM(first, p) "\n"
#define STORE(first, p)                                                                                                \
  "vmaxps " SUM(first, p) ", %%zmm30, " SUM(first, p) "%{%%k1%}%{z%}\n"                                                \
                                                      "vmovups " SUM(first, p) ", " #p "*64(%%rdx)\n"
#define FINISH(pixels, first)                                                                                          \
  "cmpl $0, %c[has_residual](%[t])\n"                                                                                  \
  "je 1f\n"                                                                                                            \
  "mov %c[residual](%[t]), %%rcx\n" EACH_##pixels(                                                                     \
      ADD_RESIDUAL, first) "1: vbroadcastss %c[floor](%[t]), %%zmm30\n" EACH_##pixels(STORE, first)

#define ZMM_0_TO_15                                                                                                    \
  "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13",  \
      "zmm14", "zmm15"
#define ZMM_16_TO_31                                                                                                   \
  "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", \
      "zmm29", "zmm30", "zmm31"

#endif
