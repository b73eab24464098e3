/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of bf16 with NEON: squares of 8×8 and 4×4.
 *
 * A number's place among some rows is its row's bits and then its column's. Interleaving each row of the first half
 * with its fellow of the second half brings the row's highest bit to the lower end, so as many rounds as rows have bits
 * leave the columns' bits on top. */
#include <arm_neon.h>
#include <stdint.h>

typedef uint16_t cardinal_number;
#include "kernels/move_paths.h"

CARDINAL_INLINE void interleave(uint16x8_t *rows, size_t count) {
  uint16x8_t mixed[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < count / 2; ++i) {
    mixed[2 * i] = vzip1q_u16(rows[i], rows[i + count / 2]);
    mixed[2 * i + 1] = vzip2q_u16(rows[i], rows[i + count / 2]);
  }
  CARDINAL_UNROLL
  for (size_t i = 0; i < count; ++i)
    rows[i] = mixed[i];
}

CARDINAL_INLINE void square_8(const uint16_t *from, size_t from_row, uint16_t *to, size_t to_row) {
  uint16x8_t rows[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 8; ++i)
    rows[i] = vld1q_u16(from + i * from_row);
  interleave(rows, 8);
  interleave(rows, 8);
  interleave(rows, 8);
  CARDINAL_UNROLL
  for (size_t j = 0; j < 8; ++j)
    vst1q_u16(to + j * to_row, rows[j]);
}

/* Two rows to a vector. */
CARDINAL_INLINE void square_4(const uint16_t *from, size_t from_row, uint16_t *to, size_t to_row) {
  uint16x8_t rows[2] = {vcombine_u16(vld1_u16(from), vld1_u16(from + from_row)),
                        vcombine_u16(vld1_u16(from + 2 * from_row), vld1_u16(from + 3 * from_row))};
  interleave(rows, 2);
  interleave(rows, 2);
  CARDINAL_UNROLL
  for (size_t i = 0; i < 2; ++i) {
    vst1_u16(to + 2 * i * to_row, vget_low_u16(rows[i]));
    vst1_u16(to + (2 * i + 1) * to_row, vget_high_u16(rows[i]));
  }
}

void cardinal_move_bf16_neon(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 8, square_8) && !cardinal_move_squares(args, 4, square_4))
    cardinal_move_elements(args);
}
