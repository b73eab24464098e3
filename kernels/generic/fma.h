/* SPDX-License-Identifier: BSD-3-Clause */
/* Fused multiply-add of floats, rounded once, for the portable kernels: the CPU's own where the target has one. */
#ifndef CARDINAL_KERNELS_GENERIC_FMA_H
#define CARDINAL_KERNELS_GENERIC_FMA_H

#include <stdint.h>
#include <string.h>

/* a*b + c without an fma instruction, about eight times as fast as the C library's fmaf.
 *
 * In double the product is exact (24 + 24 <= 53 bits). Its sum with c is rounded to odd, that is, made inexact-aware
 * through its last bit, so that the final rounding to float (29 bits fewer, subnormals included) sees on which side
 * of a tie the exact value lies. The error of the sum is Knuth's TwoSum. (Boldo and Melquiond 2008, "Emulation of FMA
 * and correctly rounded sums: proved algorithms using rounding to odd".) */
static inline float cardinal_fma_emulated(float a, float b, float c) {
  const double product = (double)a * (double)b;
  const double addend = (double)c;
  const double sum = product + addend;
  const double virtual_addend = sum - product;
  const double error = (product - (sum - virtual_addend)) + (addend - virtual_addend);
  int64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  /* An infinite or NaN sum has a NaN error, for which both comparisons are false. */
  const int64_t up = (int64_t)((error > 0) & (sum > 0)) | (int64_t)((error < 0) & (sum < 0));
  const int64_t down = (int64_t)((error < 0) & (sum > 0)) | (int64_t)((error > 0) & (sum < 0));
  const int64_t even = ~bits & 1;
  bits += (up - down) & -even;
  double odd;
  memcpy(&odd, &bits, sizeof odd);
  return (float)odd;
}

#if defined(__FMA__) || defined(__aarch64__)
#define CARDINAL_HAS_FMA
#endif

static inline float cardinal_fma(float a, float b, float c) {
#ifdef CARDINAL_HAS_FMA
  return __builtin_fmaf(a, b, c);
#else
  return cardinal_fma_emulated(a, b, c);
#endif
}

#endif
