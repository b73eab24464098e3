/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling, the four vectors of a pixel side by side. */
#include "kernels/arm/neon.h"
#include "kernels/taps.h"

/* The larger one; m if they are equal, be they zeros of both signs, which fmax would order; NaN if either is. */
CARDINAL_INLINE float32x4_t larger(float32x4_t m, float32x4_t tap) {
  const uint32x4_t taken = vornq_u32(vcgtq_f32(tap, m), vceqq_f32(tap, tap));
  return vbslq_f32(taken, tap, m);
}

void cardinal_maxpool_f32_neon(const cardinal_pool_args *a) {
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_taps rows =
        cardinal_existing_taps(row, a->window.stride_h, a->window.kernel_h, a->window.pad_top, a->in_height);
    for (size_t column = 0; column < a->out_width; ++column) {
      const cardinal_taps columns =
          cardinal_existing_taps(column, a->window.stride_w, a->window.kernel_w, a->window.pad_left, a->in_width);
      float32x4_t m[CARDINAL_NEON_VECTORS];
      CARDINAL_UNROLL
      for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
        m[v] = vld1q_f32((const float *)a->x + rows.begin * a->x_row + columns.begin * CARDINAL_BLOCK +
                         v * CARDINAL_NEON_LANES);
      for (size_t iy = rows.begin; iy < rows.end; ++iy) {
        const float *x = (const float *)a->x + iy * a->x_row + columns.begin * CARDINAL_BLOCK;
        for (size_t ix = columns.begin; ix < columns.end; ++ix, x += CARDINAL_BLOCK) {
          CARDINAL_UNROLL
          for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
            m[v] = larger(m[v], vld1q_f32(x + v * CARDINAL_NEON_LANES));
        }
      }
      cardinal_neon_store((float *)a->y + row * a->y_row + column * CARDINAL_BLOCK, m, a->lane_mask);
    }
  }
}
