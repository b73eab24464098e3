/* SPDX-License-Identifier: BSD-3-Clause */
/* Transposes of squares of numbers of one or two bytes with NEON: as many rows as a vector has numbers, and half as
 * many, by interleaving rows (move_paths.h, which also says what includes this must define). */
#ifndef CARDINAL_KERNELS_ARM_SQUARES_H
#define CARDINAL_KERNELS_ARM_SQUARES_H

#include <arm_neon.h>

#include "kernels/move_paths.h"

enum {
  SIDE = 16 / sizeof(cardinal_number), /* of the larger square */
  ROUNDS = SIDE == 16 ? 4 : 3
};

CARDINAL_INLINE uint8x16_t zip_lower(uint8x16_t a, uint8x16_t b) {
  if (sizeof(cardinal_number) == 1)
    return vzip1q_u8(a, b);
  return vreinterpretq_u8_u16(vzip1q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}

CARDINAL_INLINE uint8x16_t zip_upper(uint8x16_t a, uint8x16_t b) {
  if (sizeof(cardinal_number) == 1)
    return vzip2q_u8(a, b);
  return vreinterpretq_u8_u16(vzip2q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}

CARDINAL_INLINE void interleave(uint8x16_t *rows, size_t count, size_t rounds) {
  uint8x16_t mixed[SIDE];
  CARDINAL_UNROLL
  for (size_t round = 0; round < rounds; ++round) {
    CARDINAL_UNROLL
    for (size_t i = 0; i < count / 2; ++i) {
      mixed[2 * i] = zip_lower(rows[i], rows[i + count / 2]);
      mixed[2 * i + 1] = zip_upper(rows[i], rows[i + count / 2]);
    }
    CARDINAL_UNROLL
    for (size_t i = 0; i < count; ++i)
      rows[i] = mixed[i];
  }
}

CARDINAL_INLINE void square_of_vectors(const cardinal_number *from, size_t from_row, cardinal_number *to,
                                       size_t to_row) {
  uint8x16_t rows[SIDE];
  CARDINAL_UNROLL
  for (size_t i = 0; i < SIDE; ++i)
    rows[i] = vld1q_u8((const uint8_t *)(from + i * from_row));
  interleave(rows, SIDE, ROUNDS);
  CARDINAL_UNROLL
  for (size_t j = 0; j < SIDE; ++j)
    vst1q_u8((uint8_t *)(to + j * to_row), rows[j]);
}

/* Two rows to a vector. */
CARDINAL_INLINE void square_of_halves(const cardinal_number *from, size_t from_row, cardinal_number *to,
                                      size_t to_row) {
  uint8x16_t rows[SIDE / 4];
  CARDINAL_UNROLL
  for (size_t i = 0; i < SIDE / 4; ++i)
    rows[i] = vcombine_u8(vld1_u8((const uint8_t *)(from + 2 * i * from_row)),
                          vld1_u8((const uint8_t *)(from + (2 * i + 1) * from_row)));
  interleave(rows, SIDE / 4, ROUNDS - 1);
  CARDINAL_UNROLL
  for (size_t i = 0; i < SIDE / 4; ++i) {
    vst1_u8((uint8_t *)(to + 2 * i * to_row), vget_low_u8(rows[i]));
    vst1_u8((uint8_t *)(to + (2 * i + 1) * to_row), vget_high_u8(rows[i]));
  }
}

CARDINAL_INLINE void cardinal_move_by_squares(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, SIDE, square_of_vectors) &&
           !cardinal_move_squares(args, SIDE / 2, square_of_halves))
    cardinal_move_elements(args);
}

#endif
