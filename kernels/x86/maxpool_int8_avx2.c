/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling of int8. A pixel's block is half a vector, so AVX-512 would have nothing to add. */
#include "kernels/maxpool.h"
#include "kernels/x86/avx2.h"

CARDINAL_INLINE void pixel(void *y, cardinal_pool_taps taps, const void *lanes) {
  const char *row = taps.x;
  __m128i m = _mm_loadu_si128((const __m128i *)(const void *)row);
  for (size_t ky = 0; ky < taps.rows; ++ky, row = cardinal_pool_next_row(row, taps))
    for (size_t kx = 0; kx < taps.columns; ++kx)
      m = _mm_max_epi8(m, _mm_loadu_si128((const __m128i *)(const void *)row + kx));
  _mm_storeu_si128(y, _mm_and_si128(m, *(const __m128i *)lanes));
}

void cardinal_maxpool_int8_avx2(const cardinal_pool_args *a) {
  const __m128i lanes = cardinal_avx2_byte_mask(a->lane_mask);
  cardinal_max_pool(a, CARDINAL_FORMAT_INT8, pixel, &lanes);
}
