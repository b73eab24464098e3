/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling: one chain of additions a lane, in the order of memory. */
#include "kernels/x86/avx2.h"

void cardinal_avgpool_f32_avx2(const cardinal_pool_args *a) {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  for (size_t row = 0; row < a->in_height; ++row) {
    const float *x = (const float *)a->x + row * a->x_row;
    for (size_t column = 0; column < a->in_width; ++column, x += CARDINAL_BLOCK) {
      low = _mm256_add_ps(low, _mm256_loadu_ps(x));
      high = _mm256_add_ps(high, _mm256_loadu_ps(x + 8));
    }
  }
  const __m256 scale = _mm256_set1_ps((float)(1.0 / ((double)a->in_height * (double)a->in_width)));
  const cardinal_lanes16 mask = cardinal_avx2_mask(a->lane_mask);
  cardinal_avx2_finish(a->y, _mm256_mul_ps(low, scale), _mm256_mul_ps(high, scale), NULL, 0, &mask);
}
