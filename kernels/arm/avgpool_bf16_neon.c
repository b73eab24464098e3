/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling of bf16: one chain of additions of floats a lane, in the order of memory. */
#include "kernels/arm/neon.h"
#include "kernels/format.h"

/* Four numbers in f32, whose upper halves they are. */
CARDINAL_INLINE float32x4_t floats(const cardinal_bf16 *x) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(x), 16));
}

void cardinal_avgpool_bf16_neon(const cardinal_pool_args *a) {
  float32x4_t sum[CARDINAL_NEON_VECTORS];
  CARDINAL_UNROLL
  for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
    sum[v] = vdupq_n_f32(0);
  for (size_t row = 0; row < a->in_height; ++row) {
    const cardinal_bf16 *x = (const cardinal_bf16 *)a->x + row * a->x_row;
    for (size_t column = 0; column < a->in_width; ++column, x += CARDINAL_BLOCK) {
      CARDINAL_UNROLL
      for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
        sum[v] = vaddq_f32(sum[v], floats(x + v * CARDINAL_NEON_LANES));
    }
  }
  const float scale = (float)(1.0 / ((double)a->in_height * (double)a->in_width));
  CARDINAL_UNROLL
  for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
    sum[v] = vmulq_n_f32(sum[v], scale);
  float averages[CARDINAL_BLOCK];
  cardinal_neon_store(averages, sum, a->lane_mask);
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    ((cardinal_bf16 *)a->y)[l] = cardinal_bf16_of_f32(averages[l]);
}
