/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking a compiler for code that a kernel counts on. */
#ifndef CARDINAL_KERNELS_INLINE_H
#define CARDINAL_KERNELS_INLINE_H

/* For helpers that must vanish into their caller, so that accumulators live in registers. */
#define CARDINAL_INLINE static inline __attribute__((always_inline))

/* Before a loop of at most 32 rounds, their number a constant after inlining: indices into arrays of vectors become
 * constants too, so that the arrays live in registers.
 * Before an inner loop, the other way: gcc 12 would write out the few rounds that it can have one after the other. */
#ifdef __clang__
#define CARDINAL_UNROLL _Pragma("clang loop unroll(full)")
#define CARDINAL_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define CARDINAL_UNROLL _Pragma("GCC unroll 32")
#define CARDINAL_ROLLED _Pragma("GCC unroll 1")
#endif

#endif
