/* SPDX-License-Identifier: BSD-3-Clause */
/* The floating-point modes that the canonical order demands, for whoever computes: set around each task and restored.
 */
#ifndef CARDINAL_KERNELS_FPENV_H
#define CARDINAL_KERNELS_FPENV_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

typedef uint32_t cardinal_fp_modes;

/* The modes as they are, to be given back by cardinal_fp_leave. */
static inline cardinal_fp_modes cardinal_fp_current(void) {
  return _mm_getcsr();
}

/* Sets round to nearest with all exceptions masked; denormals kept or flushed. Returns the caller's modes. */
static inline cardinal_fp_modes cardinal_fp_enter(bool flush_denormals) {
  const cardinal_fp_modes before = cardinal_fp_current();
  const uint32_t masked = 0x1F80, flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  _mm_setcsr(flush_denormals ? masked | flush_to_zero | denormals_are_zero : masked);
  return before;
}

static inline void cardinal_fp_leave(cardinal_fp_modes before) {
  _mm_setcsr(before);
}

#elif defined(__aarch64__)

typedef uint64_t cardinal_fp_modes;

static inline cardinal_fp_modes cardinal_fp_current(void) {
  cardinal_fp_modes modes;
  __asm__ volatile("mrs %0, fpcr" : "=r"(modes));
  return modes;
}

static inline cardinal_fp_modes cardinal_fp_enter(bool flush_denormals) {
  const cardinal_fp_modes before = cardinal_fp_current();
  const uint64_t flush_to_zero = UINT64_C(1) << 24;
  __asm__ volatile("msr fpcr, %0" : : "r"(flush_denormals ? flush_to_zero : 0) : "memory");
  return before;
}

static inline void cardinal_fp_leave(cardinal_fp_modes before) {
  __asm__ volatile("msr fpcr, %0" : : "r"(before) : "memory");
}

#else
#include <fenv.h>

typedef int cardinal_fp_modes;

static inline cardinal_fp_modes cardinal_fp_current(void) {
  return fegetround();
}

static inline cardinal_fp_modes cardinal_fp_enter(bool flush_denormals) {
  (void)flush_denormals;
  const cardinal_fp_modes before = cardinal_fp_current();
  fesetround(FE_TONEAREST);
  return before;
}

static inline void cardinal_fp_leave(cardinal_fp_modes before) {
  fesetround(before);
}
#endif

#endif
