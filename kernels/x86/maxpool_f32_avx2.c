/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling; windows of 3×3 that lie inside the image have loops of constant length. */
#include "kernels/taps.h"
#include "kernels/x86/avx2.h"

/* The maximum of `rows`×`columns` taps from x on, in the 8 lanes of x. max_ps(x, m) is x > m ? x : m, so equal values
 * and zeros keep the earlier tap and a NaN in m sticks, but a NaN in x is lost: those are noted in `nan`. */
CARDINAL_INLINE __m256 window(const float *x, size_t x_row, size_t rows, size_t columns) {
  __m256 m = _mm256_loadu_ps(x), nan = _mm256_setzero_ps();
  for (size_t ky = 0; ky < rows; ++ky) {
    for (size_t kx = 0; kx < columns; ++kx) {
      const __m256 tap = _mm256_loadu_ps(x + ky * x_row + kx * CARDINAL_BLOCK);
      nan = _mm256_or_ps(nan, _mm256_cmp_ps(tap, tap, _CMP_UNORD_Q));
      m = _mm256_max_ps(tap, m);
    }
  }
  return _mm256_or_ps(m, nan);
}

CARDINAL_INLINE void pixel(float *y, const float *x, size_t x_row, size_t rows, size_t columns,
                           const cardinal_lanes16 *mask) {
  _mm256_storeu_ps(y, _mm256_and_ps(window(x, x_row, rows, columns), mask->low));
  _mm256_storeu_ps(y + 8, _mm256_and_ps(window(x + 8, x_row, rows, columns), mask->high));
}

void cardinal_maxpool_f32_avx2(const cardinal_pool_args *a) {
  const cardinal_lanes16 mask = cardinal_avx2_mask(a->lane_mask);
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_taps rows =
        cardinal_existing_taps(row, a->window.stride_h, a->window.kernel_h, a->window.pad_top, a->in_height);
    for (size_t column = 0; column < a->out_width; ++column) {
      const cardinal_taps columns =
          cardinal_existing_taps(column, a->window.stride_w, a->window.kernel_w, a->window.pad_left, a->in_width);
      const size_t height = rows.end - rows.begin, width = columns.end - columns.begin;
      const float *x = (const float *)a->x + rows.begin * a->x_row + columns.begin * CARDINAL_BLOCK;
      float *y = (float *)a->y + row * a->y_row + column * CARDINAL_BLOCK;
      if (height == 3 && width == 3)
        pixel(y, x, a->x_row, 3, 3, &mask);
      else
        pixel(y, x, a->x_row, height, width, &mask);
    }
  }
}
