/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves with AVX-512: whole blocks a vector, squares of 16×16, and AVX2's smaller ones. */
typedef float cardinal_number;
#include "kernels/move_paths.h"
#include "kernels/x86/transpose.h"

/* Rows i, i+4, i+8 and i+12, four floats of each. Loads that merge cost no shuffle. */
CARDINAL_INLINE __m512 four_rows(const float *from, size_t from_row) {
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(from));
  v = _mm512_mask_broadcast_f32x4(v, 0x00F0, _mm_loadu_ps(from + 4 * from_row));
  v = _mm512_mask_broadcast_f32x4(v, 0x0F00, _mm_loadu_ps(from + 8 * from_row));
  return _mm512_mask_broadcast_f32x4(v, 0xF000, _mm_loadu_ps(from + 12 * from_row));
}

/* Four columns of sixteen rows, and so four rows of sixteen of the result. */
CARDINAL_INLINE void transpose_16x4(const float *from, size_t from_row, float *to, size_t to_row) {
  const __m512 a = four_rows(from, from_row), b = four_rows(from + from_row, from_row);
  const __m512 c = four_rows(from + 2 * from_row, from_row), d = four_rows(from + 3 * from_row, from_row);
  const __m512 ab_low = _mm512_unpacklo_ps(a, b), ab_high = _mm512_unpackhi_ps(a, b);
  const __m512 cd_low = _mm512_unpacklo_ps(c, d), cd_high = _mm512_unpackhi_ps(c, d);
  _mm512_storeu_ps(to, _mm512_shuffle_ps(ab_low, cd_low, 0x44));
  _mm512_storeu_ps(to + to_row, _mm512_shuffle_ps(ab_low, cd_low, 0xEE));
  _mm512_storeu_ps(to + 2 * to_row, _mm512_shuffle_ps(ab_high, cd_high, 0x44));
  _mm512_storeu_ps(to + 3 * to_row, _mm512_shuffle_ps(ab_high, cd_high, 0xEE));
}

CARDINAL_INLINE void transpose_16(const float *from, size_t from_row, float *to, size_t to_row) {
  CARDINAL_UNROLL
  for (size_t quarter = 0; quarter < 4; ++quarter)
    transpose_16x4(from + 4 * quarter, from_row, to + 4 * quarter * to_row, to_row);
}

CARDINAL_INLINE void copy_blocks(const cardinal_move_args *a) {
  const float *from = a->from;
  float *to = a->to;
  for (size_t p = 0; p < a->pixels; ++p, from += a->from_pixel, to += a->to_pixel) {
    cardinal_prefetch_pixels(a, from, to);
    _mm512_storeu_ps(to, _mm512_loadu_ps(from));
  }
}

void cardinal_move_f32_avx512(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1) {
    if (args->lanes == 16)
      copy_blocks(args);
    else
      cardinal_copy_pixels(args);
  } else if (!cardinal_move_squares(args, 16, transpose_16) && !cardinal_move_squares(args, 8, cardinal_transpose_8) &&
             !cardinal_move_squares(args, 4, cardinal_transpose_4)) {
    cardinal_move_elements(args);
  }
}
