/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of int8 with AVX2: squares of 16×16, 8×8 and 4×4. */
#include <stdint.h>

typedef uint8_t cardinal_number;
#include "kernels/move_paths.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/transpose.h"

/* Rows 0 to 7 in the low halves, 8 to 15 in the high ones. Three rounds leave two columns of eight rows in each half.
 */
CARDINAL_INLINE void transpose_16(const uint8_t *from, size_t from_row, uint8_t *to, size_t to_row) {
  __m256i rows[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 8; ++i)
    rows[i] = cardinal_load_halves_256(from + i * from_row, from + (i + 8) * from_row);
  interleave_256(rows);
  interleave_256(rows);
  interleave_256(rows);
  CARDINAL_UNROLL
  for (size_t i = 0; i < 8; ++i) {
    const __m256i columns = _mm256_permute4x64_epi64(rows[i], 0xD8);
    cardinal_store_halves_256(to + 2 * i * to_row, to + (2 * i + 1) * to_row, columns);
  }
}

/* Two rows to a vector. */
CARDINAL_INLINE void transpose_8(const uint8_t *from, size_t from_row, uint8_t *to, size_t to_row) {
  __m128i rows[4];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i)
    rows[i] = cardinal_load_halves_128(from + 2 * i * from_row, from + (2 * i + 1) * from_row);
  interleave_128(rows, 4);
  interleave_128(rows, 4);
  interleave_128(rows, 4);
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i)
    cardinal_store_halves_128(to + 2 * i * to_row, to + (2 * i + 1) * to_row, rows[i]);
}

/* All of it in one vector. */
CARDINAL_INLINE void transpose_4(const uint8_t *from, size_t from_row, uint8_t *to, size_t to_row) {
  int32_t rows[4];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i)
    memcpy(&rows[i], from + i * from_row, sizeof rows[i]);
  const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m128i v = _mm_shuffle_epi8(_mm_setr_epi32(rows[0], rows[1], rows[2], rows[3]), order);
  _mm_storeu_si128((__m128i *)rows, v);
  CARDINAL_UNROLL
  for (size_t j = 0; j < 4; ++j)
    memcpy(to + j * to_row, &rows[j], sizeof rows[j]);
}

void cardinal_move_int8_avx2(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 16, transpose_16) && !cardinal_move_squares(args, 8, transpose_8) &&
           !cardinal_move_squares(args, 4, transpose_4))
    cardinal_move_elements(args);
}
