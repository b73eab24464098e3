/* SPDX-License-Identifier: BSD-3-Clause */
/* Transposes of small squares of floats, to[j * to_row + i] = from[i * from_row + j], and what those of smaller numbers
 * share. */
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

/* Sixteen bytes from each of two places, and eight. */
CARDINAL_INLINE __m256i cardinal_load_halves_256(const void *low, const void *high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
}

CARDINAL_INLINE __m128i cardinal_load_halves_128(const void *low, const void *high) {
  return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(_mm_loadl_epi64(low)), high));
}

CARDINAL_INLINE void cardinal_store_halves_256(void *low, void *high, __m256i v) {
  _mm_storeu_si128(low, _mm256_castsi256_si128(v));
  _mm_storeu_si128(high, _mm256_extracti128_si256(v, 1));
}

CARDINAL_INLINE void cardinal_store_halves_128(void *low, void *high, __m128i v) {
  _mm_storel_epi64(low, v);
  _mm_storeh_pi(high, _mm_castsi128_ps(v));
}

#endif
