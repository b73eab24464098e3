/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling; windows of 3×3 that lie inside the image have loops of constant length. */
#include "kernels/taps.h"
#include "kernels/x86/avx512.h"

/* The maximum of `rows`×`columns` taps from x on. max(x, m) is x > m ? x : m, so equal values and zeros keep the
 * earlier tap and a NaN in m sticks, but a NaN in x is lost: those lanes are noted and end as NaN. */
CARDINAL_INLINE __m512 window(const float *x, size_t x_row, size_t rows, size_t columns) {
  __m512 m = _mm512_loadu_ps(x);
  __mmask16 nan = 0;
  for (size_t ky = 0; ky < rows; ++ky) {
    for (size_t kx = 0; kx < columns; ++kx) {
      const __m512 tap = _mm512_loadu_ps(x + ky * x_row + kx * CARDINAL_BLOCK);
      nan |= _mm512_cmp_ps_mask(tap, tap, _CMP_UNORD_Q);
      m = _mm512_max_ps(tap, m);
    }
  }
  return _mm512_mask_mov_ps(m, nan, _mm512_set1_ps(__builtin_nanf("")));
}

void cardinal_maxpool_f32_avx512(const cardinal_pool_args *a) {
  const __mmask16 lanes = (__mmask16)a->lane_mask;
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_taps rows =
        cardinal_existing_taps(row, a->window.stride_h, a->window.kernel_h, a->window.pad_top, a->in_height);
    for (size_t column = 0; column < a->out_width; ++column) {
      const cardinal_taps columns =
          cardinal_existing_taps(column, a->window.stride_w, a->window.kernel_w, a->window.pad_left, a->in_width);
      const size_t height = rows.end - rows.begin, width = columns.end - columns.begin;
      const float *x = (const float *)a->x + rows.begin * a->x_row + columns.begin * CARDINAL_BLOCK;
      const __m512 m = height == 3 && width == 3 ? window(x, a->x_row, 3, 3) : window(x, a->x_row, height, width);
      _mm512_storeu_ps((float *)a->y + row * a->y_row + column * CARDINAL_BLOCK, _mm512_maskz_mov_ps(lanes, m));
    }
  }
}
