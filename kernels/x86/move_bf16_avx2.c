/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of bf16 with AVX2: squares of 16×16, 8×8 and 4×4. */
#include <stdint.h>

typedef uint16_t cardinal_number;
#include "kernels/move_paths.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/transpose.h"

/* Eight columns of sixteen rows: rows 0 to 7 in the low halves, 8 to 15 in the high ones. */
CARDINAL_INLINE void transpose_16x8(const uint16_t *from, size_t from_row, uint16_t *to, size_t to_row) {
  __m256i rows[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 8; ++i)
    rows[i] = cardinal_load_halves_256(from + i * from_row, from + (i + 8) * from_row);
  interleave_256(rows);
  interleave_256(rows);
  interleave_256(rows);
  CARDINAL_UNROLL
  for (size_t j = 0; j < 8; ++j)
    _mm256_storeu_si256((__m256i *)(to + j * to_row), rows[j]);
}

CARDINAL_INLINE void transpose_16(const uint16_t *from, size_t from_row, uint16_t *to, size_t to_row) {
  transpose_16x8(from, from_row, to, to_row);
  transpose_16x8(from + 8, from_row, to + 8 * to_row, to_row);
}

CARDINAL_INLINE void transpose_8(const uint16_t *from, size_t from_row, uint16_t *to, size_t to_row) {
  __m128i rows[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 8; ++i)
    rows[i] = _mm_loadu_si128((const __m128i *)(from + i * from_row));
  interleave_128(rows, 8);
  interleave_128(rows, 8);
  interleave_128(rows, 8);
  CARDINAL_UNROLL
  for (size_t j = 0; j < 8; ++j)
    _mm_storeu_si128((__m128i *)(to + j * to_row), rows[j]);
}

/* Two rows to a vector. */
CARDINAL_INLINE void transpose_4(const uint16_t *from, size_t from_row, uint16_t *to, size_t to_row) {
  __m128i rows[2] = {cardinal_load_halves_128(from, from + from_row),
                     cardinal_load_halves_128(from + 2 * from_row, from + 3 * from_row)};
  interleave_128(rows, 2);
  interleave_128(rows, 2);
  cardinal_store_halves_128(to, to + to_row, rows[0]);
  cardinal_store_halves_128(to + 2 * to_row, to + 3 * to_row, rows[1]);
}

void cardinal_move_bf16_avx2(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 16, transpose_16) && !cardinal_move_squares(args, 8, transpose_8) &&
           !cardinal_move_squares(args, 4, transpose_4))
    cardinal_move_elements(args);
}
