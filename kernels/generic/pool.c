/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable pooling. */
#include "kernels/kernel.h"

void cardinal_maxpool_f32_generic(const cardinal_pool_args *a) {
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    for (size_t column = 0; column < a->out_width; ++column) {
      float m[CARDINAL_BLOCK] = {0};
      int taken = 0;
      for (size_t ky = 0; ky < a->window.kernel_h; ++ky) {
        const size_t iy =
            row * a->window.stride_h + ky - a->window.pad_top; /* wraps past in_height in the top padding */
        if (iy >= a->in_height)
          continue;
        for (size_t kx = 0; kx < a->window.kernel_w; ++kx) {
          const size_t ix = column * a->window.stride_w + kx - a->window.pad_left;
          if (ix >= a->in_width)
            continue;
          const float *x = a->x + iy * a->x_row + ix * CARDINAL_BLOCK;
          for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
            const int new_nan = x[l] != x[l] && m[l] == m[l];
            m[l] = !taken || x[l] > m[l] || new_nan ? x[l] : m[l];
          }
          taken = 1;
        }
      }
      float *y = a->y + row * a->y_row + column * CARDINAL_BLOCK;
      for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
        y[l] = a->lane_mask >> l & 1u ? m[l] : 0.0f;
    }
  }
}

void cardinal_avgpool_f32_generic(const cardinal_pool_args *a) {
  float sum[CARDINAL_BLOCK] = {0};
  for (size_t row = 0; row < a->in_height; ++row)
    for (size_t column = 0; column < a->in_width; ++column)
      for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
        sum[l] += a->x[row * a->x_row + column * CARDINAL_BLOCK + l];
  const float scale = (float)(1.0 / ((double)a->in_height * (double)a->in_width));
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    a->y[l] = a->lane_mask >> l & 1u ? sum[l] * scale : 0.0f;
}
