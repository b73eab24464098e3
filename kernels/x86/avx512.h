/* SPDX-License-Identifier: BSD-3-Clause */
/* Vector primitives that the AVX-512 kernels share. A pixel's block of 16 channels is one vector. */
#ifndef CARDINAL_KERNELS_X86_AVX512_H
#define CARDINAL_KERNELS_X86_AVX512_H

#include <immintrin.h>

#include "kernels/inline.h"
#include "kernels/kernel.h"

/* acc + w * x[0] in all lanes. The operand that broadcasts itself costs a load and nothing else. Assembly, because
 * compilers take such operands out of the fma as soon as a value is used twice. */
CARDINAL_INLINE __m512 cardinal_avx512_fma_at(const float *x, __m512 w, __m512 acc) {
  __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(w), "m"(*x));
  return acc;
}

/* What happens to a finished sum, the same for all pixels of a block. */
typedef struct cardinal_avx512_epilogue {
  __m512 floor; /* 0 with ReLU; minus infinity, below which nothing is, without */
  __mmask16 lanes;
} cardinal_avx512_epilogue;

CARDINAL_INLINE cardinal_avx512_epilogue cardinal_avx512_epilogue_of(uint32_t relu, uint32_t lane_mask) {
  return (cardinal_avx512_epilogue){
      .floor = _mm512_set1_ps(relu ? 0.0f : -__builtin_inff()),
      .lanes = (__mmask16)lane_mask,
  };
}

/* ReLU, lane mask, store. max(floor, v) in this order of operands gives v where it is NaN or both are zeros. */
CARDINAL_INLINE void cardinal_avx512_finish(float *y, __m512 v, cardinal_avx512_epilogue epilogue) {
  _mm512_storeu_ps(y, _mm512_maskz_max_ps(epilogue.lanes, epilogue.floor, v));
}

/* Finishes `pixels` neighbouring pixels; `residual` is NULL or lies as y does. */
CARDINAL_INLINE void cardinal_avx512_finish_pixels(float *y, __m512 *acc, size_t pixels, const float *residual,
                                                   cardinal_avx512_epilogue epilogue) {
  if (residual) {
    CARDINAL_UNROLL
    for (size_t p = 0; p < pixels; ++p)
      acc[p] = _mm512_add_ps(acc[p], _mm512_loadu_ps(residual + p * CARDINAL_BLOCK));
  }
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    cardinal_avx512_finish(y + p * CARDINAL_BLOCK, acc[p], epilogue);
}

#endif
