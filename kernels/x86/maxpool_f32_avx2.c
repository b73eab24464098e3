/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling. */
#include "kernels/maxpool.h"
#include "kernels/x86/avx2.h"

/* The maxima in 8 lanes. max_ps(x, m) is x > m ? x : m, so equal values and zeros keep the earlier tap and a NaN in m
 * sticks, but a NaN in x is lost: those are noted in `nan`, of two neighbours at once, which don't compare if either is
 * one. */
CARDINAL_INLINE __m256 maxima(const char *x, cardinal_pool_taps taps) {
  __m256 m = _mm256_loadu_ps((const float *)(const void *)x), nan = _mm256_setzero_ps();
  for (size_t ky = 0; ky < taps.rows; ++ky, x = cardinal_pool_next_row(x, taps)) {
    const float *row = (const float *)(const void *)x;
    __m256 neighbour = m;
    for (size_t kx = 0; kx < taps.columns; ++kx) {
      const __m256 tap = _mm256_loadu_ps(row + kx * CARDINAL_BLOCK);
      if (kx % 2)
        nan = _mm256_or_ps(nan, _mm256_cmp_ps(neighbour, tap, _CMP_UNORD_Q));
      neighbour = tap;
      m = _mm256_max_ps(tap, m);
    }
    if (taps.columns % 2)
      nan = _mm256_or_ps(nan, _mm256_cmp_ps(neighbour, neighbour, _CMP_UNORD_Q));
  }
  return _mm256_or_ps(m, nan);
}

CARDINAL_INLINE void pixel(void *y, cardinal_pool_taps taps, const void *lanes) {
  const cardinal_lanes16 *mask = lanes;
  _mm256_storeu_ps(y, _mm256_and_ps(maxima(taps.x, taps), mask->low));
  _mm256_storeu_ps((float *)y + 8, _mm256_and_ps(maxima(taps.x + sizeof(__m256), taps), mask->high));
}

void cardinal_maxpool_f32_avx2(const cardinal_pool_args *a) {
  const cardinal_lanes16 mask = cardinal_avx2_mask(a->lane_mask);
  cardinal_max_pool(a, CARDINAL_FORMAT_F32, pixel, &mask);
}
