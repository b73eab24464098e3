/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling of bf16: one chain of additions of floats a lane, in the order of memory. Chains wait for
 * themselves, so wider vectors would have nothing to add. */
#include "kernels/format.h"
#include "kernels/x86/avx2.h"

/* 8 numbers in f32, whose upper halves they are. */
CARDINAL_INLINE __m256 floats(const cardinal_bf16 *x) {
  const __m128i numbers = _mm_loadu_si128((const __m128i *)(const void *)x);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(numbers), 16));
}

void cardinal_avgpool_bf16_avx2(const cardinal_pool_args *a) {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  for (size_t row = 0; row < a->in_height; ++row) {
    const cardinal_bf16 *x = (const cardinal_bf16 *)a->x + row * a->x_row;
    for (size_t column = 0; column < a->in_width; ++column, x += CARDINAL_BLOCK) {
      low = _mm256_add_ps(low, floats(x));
      high = _mm256_add_ps(high, floats(x + 8));
    }
  }
  const __m256 scale = _mm256_set1_ps((float)(1.0 / ((double)a->in_height * (double)a->in_width)));
  const cardinal_lanes16 mask = cardinal_avx2_mask(a->lane_mask);
  float averages[CARDINAL_BLOCK];
  cardinal_avx2_finish(averages, _mm256_mul_ps(low, scale), _mm256_mul_ps(high, scale), NULL, 0, &mask);
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    ((cardinal_bf16 *)a->y)[l] = cardinal_bf16_of_f32(averages[l]);
}
