/* SPDX-License-Identifier: BSD-3-Clause */
/* Vector primitives that the AVX2 kernels share. */
#ifndef CARDINAL_KERNELS_X86_AVX2_H
#define CARDINAL_KERNELS_X86_AVX2_H

#include <immintrin.h>

#include "kernels/inline.h"
#include "kernels/kernel.h"

/* One pixel's 16 lanes as two vectors: all bits set in the lanes of `lane_mask`. */
typedef struct cardinal_lanes16 {
  __m256 low, high;
} cardinal_lanes16;

CARDINAL_INLINE cardinal_lanes16 cardinal_avx2_mask(uint32_t lane_mask) {
  const __m256i mask = _mm256_set1_epi32((int)lane_mask);
  const __m256i low = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i high = _mm256_slli_epi32(low, 8);
  return (cardinal_lanes16){
      _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(mask, low), low)),
      _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(mask, high), high)),
  };
}

/* 16 integers of 32 bits in 16, saturated. */
CARDINAL_INLINE __m256i cardinal_avx2_words(__m256i low, __m256i high) {
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
}

/* The same in 8. */
CARDINAL_INLINE __m128i cardinal_avx2_bytes(__m256i low, __m256i high) {
  const __m256i words = cardinal_avx2_words(low, high);
  return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/* The mask as bytes. */
CARDINAL_INLINE __m128i cardinal_avx2_byte_mask(uint32_t lane_mask) {
  const cardinal_lanes16 mask = cardinal_avx2_mask(lane_mask);
  return cardinal_avx2_bytes(_mm256_castps_si256(mask.low), _mm256_castps_si256(mask.high));
}

/* max(zero, v) in this order of operands gives v where it is NaN or -0. */
CARDINAL_INLINE __m256 cardinal_avx2_relu(__m256 v) {
  return _mm256_max_ps(_mm256_setzero_ps(), v);
}

/* Residual (if not NULL), ReLU, lane mask, store. */
CARDINAL_INLINE void cardinal_avx2_finish(float *y, __m256 low, __m256 high, const float *residual, uint32_t relu,
                                          const cardinal_lanes16 *mask) {
  if (residual) {
    low = _mm256_add_ps(low, _mm256_loadu_ps(residual));
    high = _mm256_add_ps(high, _mm256_loadu_ps(residual + 8));
  }
  if (relu) {
    low = cardinal_avx2_relu(low);
    high = cardinal_avx2_relu(high);
  }
  _mm256_storeu_ps(y, _mm256_and_ps(low, mask->low));
  _mm256_storeu_ps(y + 8, _mm256_and_ps(high, mask->high));
}

#endif
