/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling of bf16, compared as integers, so that denormals are kept whatever the modes are. A pixel's block is one
 * vector, so AVX-512 would have nothing to add. */
#include "kernels/maxpool.h"
#include "kernels/x86/avx2.h"

/* Integers in the order of the numbers: their magnitudes, negative for negative numbers. Both zeros are 0. */
CARDINAL_INLINE __m256i order_of(__m256i numbers, __m256i magnitudes) {
  return _mm256_sign_epi16(magnitudes, numbers);
}

/* Equal values and zeros keep the earlier tap. Where the largest magnitude tells of a NaN, the lane ends as NaN. */
CARDINAL_INLINE void pixel(void *y, cardinal_pool_taps taps, const void *lanes) {
  const __m256i magnitude = _mm256_set1_epi16(0x7FFF), infinity = _mm256_set1_epi16(0x7F80);
  const char *row = taps.x;
  __m256i m = _mm256_loadu_si256((const __m256i *)(const void *)row), largest = _mm256_and_si256(m, magnitude);
  __m256i most = order_of(m, largest);
  for (size_t ky = 0; ky < taps.rows; ++ky, row = cardinal_pool_next_row(row, taps)) {
    for (size_t kx = 0; kx < taps.columns; ++kx) {
      const __m256i tap = _mm256_loadu_si256((const __m256i *)(const void *)row + kx);
      const __m256i magnitudes = _mm256_and_si256(tap, magnitude), order = order_of(tap, magnitudes);
      largest = _mm256_max_epi16(magnitudes, largest);
      m = _mm256_blendv_epi8(m, tap, _mm256_cmpgt_epi16(order, most));
      most = _mm256_max_epi16(order, most);
    }
  }
  m = _mm256_or_si256(m, _mm256_cmpgt_epi16(largest, infinity));
  _mm256_storeu_si256(y, _mm256_and_si256(m, *(const __m256i *)lanes));
}

void cardinal_maxpool_bf16_avx2(const cardinal_pool_args *a) {
  const cardinal_lanes16 mask = cardinal_avx2_mask(a->lane_mask);
  const __m256i lanes = cardinal_avx2_words(_mm256_castps_si256(mask.low), _mm256_castps_si256(mask.high));
  cardinal_max_pool(a, CARDINAL_FORMAT_BF16, pixel, &lanes);
}
