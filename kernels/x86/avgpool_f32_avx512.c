/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling: one chain of additions a lane, in the order of memory. */
#include <stdbool.h>

#include "kernels/x86/avx512.h"

void cardinal_avgpool_f32_avx512(const cardinal_pool_args *a) {
  /* Rows that touch are taken as one: the chain waits for itself, and a single loop lets the next block's begin in its
   * shadow. */
  const size_t row_floats = a->in_width * CARDINAL_BLOCK;
  const bool touching = a->x_row == row_floats;
  const size_t rows = touching ? 1 : a->in_height;
  const size_t floats = touching ? a->in_height * row_floats : row_floats;
  __m512 sum = _mm512_setzero_ps();
  for (size_t row = 0; row < rows; ++row) {
    const float *x = (const float *)a->x + row * a->x_row;
    for (const float *end = x + floats; x < end; x += CARDINAL_BLOCK)
      sum = _mm512_add_ps(sum, _mm512_loadu_ps(x));
  }
  const __m512 scale = _mm512_set1_ps((float)(1.0 / ((double)a->in_height * (double)a->in_width)));
  _mm512_storeu_ps(a->y, _mm512_maskz_mul_ps((__mmask16)a->lane_mask, sum, scale));
}
