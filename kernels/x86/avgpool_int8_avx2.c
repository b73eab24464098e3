/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling of int8: sums are exact in any order. */
#include "kernels/format.h"
#include "kernels/x86/avx2.h"

CARDINAL_INLINE __m256i integers(const int8_t *x) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)x));
}

/* As cardinal_int8_of_f32. */
CARDINAL_INLINE __m256i rounded(__m256i sum, __m256 scale) {
  const __m256 most = _mm256_set1_ps((float)CARDINAL_INT8_MOST), least = _mm256_set1_ps(-(float)CARDINAL_INT8_MOST);
  const __m256 average = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(average, least), most));
}

void cardinal_avgpool_int8_avx2(const cardinal_pool_args *a) {
  __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
  for (size_t row = 0; row < a->in_height; ++row) {
    const int8_t *x = (const int8_t *)a->x + row * a->x_row;
    for (size_t column = 0; column < a->in_width; ++column, x += CARDINAL_BLOCK) {
      low = _mm256_add_epi32(low, integers(x));
      high = _mm256_add_epi32(high, integers(x + 8));
    }
  }
  const __m256 scale = _mm256_set1_ps(a->scale);
  const __m128i bytes = cardinal_avx2_bytes(rounded(low, scale), rounded(high, scale));
  _mm_storeu_si128(a->y, _mm_and_si128(bytes, cardinal_avx2_byte_mask(a->lane_mask)));
}
