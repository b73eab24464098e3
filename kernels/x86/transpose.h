/* SPDX-License-Identifier: BSD-3-Clause */
/* Transposes of small squares of floats: to[j * to_row + i] = from[i * from_row + j]. */
#ifndef CARDINAL_KERNELS_X86_TRANSPOSE_H
#define CARDINAL_KERNELS_X86_TRANSPOSE_H

#include <immintrin.h>
#include <stddef.h>

#include "kernels/inline.h"

CARDINAL_INLINE void cardinal_transpose_4(const float *from, size_t from_row, float *to, size_t to_row) {
  __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + from_row);
  __m128 c = _mm_loadu_ps(from + 2 * from_row), d = _mm_loadu_ps(from + 3 * from_row);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(to, a);
  _mm_storeu_ps(to + to_row, b);
  _mm_storeu_ps(to + 2 * to_row, c);
  _mm_storeu_ps(to + 3 * to_row, d);
}

/* Row i's four floats in the low half, row i+4's in the high one: a load that inserts costs no shuffle. */
CARDINAL_INLINE __m256 cardinal_two_rows(const float *from, size_t from_row) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + 4 * from_row), 1);
}

/* Four columns of eight rows, and so four rows of eight of the result. */
CARDINAL_INLINE void cardinal_transpose_8x4(const float *from, size_t from_row, float *to, size_t to_row) {
  const __m256 a = cardinal_two_rows(from, from_row), b = cardinal_two_rows(from + from_row, from_row);
  const __m256 c = cardinal_two_rows(from + 2 * from_row, from_row);
  const __m256 d = cardinal_two_rows(from + 3 * from_row, from_row);
  const __m256 ab_low = _mm256_unpacklo_ps(a, b), ab_high = _mm256_unpackhi_ps(a, b);
  const __m256 cd_low = _mm256_unpacklo_ps(c, d), cd_high = _mm256_unpackhi_ps(c, d);
  _mm256_storeu_ps(to, _mm256_shuffle_ps(ab_low, cd_low, 0x44));
  _mm256_storeu_ps(to + to_row, _mm256_shuffle_ps(ab_low, cd_low, 0xEE));
  _mm256_storeu_ps(to + 2 * to_row, _mm256_shuffle_ps(ab_high, cd_high, 0x44));
  _mm256_storeu_ps(to + 3 * to_row, _mm256_shuffle_ps(ab_high, cd_high, 0xEE));
}

CARDINAL_INLINE void cardinal_transpose_8(const float *from, size_t from_row, float *to, size_t to_row) {
  cardinal_transpose_8x4(from, from_row, to, to_row);
  cardinal_transpose_8x4(from + 4, from_row, to + 4 * to_row, to_row);
}

#endif
