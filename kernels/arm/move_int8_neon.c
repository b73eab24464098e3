/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of int8 with NEON: squares of 16×16 and 8×8, by interleaving rows as those of bf16 are. */
#include <arm_neon.h>
#include <stdint.h>

typedef uint8_t cardinal_number;
#include "kernels/move_paths.h"

CARDINAL_INLINE void interleave(uint8x16_t *rows, size_t count) {
  uint8x16_t mixed[16];
  CARDINAL_UNROLL
  for (size_t i = 0; i < count / 2; ++i) {
    mixed[2 * i] = vzip1q_u8(rows[i], rows[i + count / 2]);
    mixed[2 * i + 1] = vzip2q_u8(rows[i], rows[i + count / 2]);
  }
  CARDINAL_UNROLL
  for (size_t i = 0; i < count; ++i)
    rows[i] = mixed[i];
}

CARDINAL_INLINE void square_16(const uint8_t *from, size_t from_row, uint8_t *to, size_t to_row) {
  uint8x16_t rows[16];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 16; ++i)
    rows[i] = vld1q_u8(from + i * from_row);
  interleave(rows, 16);
  interleave(rows, 16);
  interleave(rows, 16);
  interleave(rows, 16);
  CARDINAL_UNROLL
  for (size_t j = 0; j < 16; ++j)
    vst1q_u8(to + j * to_row, rows[j]);
}

/* Two rows to a vector. */
CARDINAL_INLINE void square_8(const uint8_t *from, size_t from_row, uint8_t *to, size_t to_row) {
  uint8x16_t rows[4];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i)
    rows[i] = vcombine_u8(vld1_u8(from + 2 * i * from_row), vld1_u8(from + (2 * i + 1) * from_row));
  interleave(rows, 4);
  interleave(rows, 4);
  interleave(rows, 4);
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i) {
    vst1_u8(to + 2 * i * to_row, vget_low_u8(rows[i]));
    vst1_u8(to + (2 * i + 1) * to_row, vget_high_u8(rows[i]));
  }
}

void cardinal_move_int8_neon(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 16, square_16) && !cardinal_move_squares(args, 8, square_8))
    cardinal_move_elements(args);
}
