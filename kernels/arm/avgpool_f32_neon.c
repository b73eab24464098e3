/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling: one chain of additions a lane, in the order of memory. */
#include "kernels/arm/neon.h"

void cardinal_avgpool_f32_neon(const cardinal_pool_args *a) {
  float32x4_t sum[CARDINAL_NEON_VECTORS];
  CARDINAL_UNROLL
  for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
    sum[v] = vdupq_n_f32(0);
  for (size_t row = 0; row < a->in_height; ++row) {
    const float *x = (const float *)a->x + row * a->x_row;
    for (size_t column = 0; column < a->in_width; ++column, x += CARDINAL_BLOCK) {
      CARDINAL_UNROLL
      for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
        sum[v] = vaddq_f32(sum[v], vld1q_f32(x + v * CARDINAL_NEON_LANES));
    }
  }
  const float scale = (float)(1.0 / ((double)a->in_height * (double)a->in_width));
  CARDINAL_UNROLL
  for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
    sum[v] = vmulq_n_f32(sum[v], scale);
  cardinal_neon_store(a->y, sum, a->lane_mask);
}
