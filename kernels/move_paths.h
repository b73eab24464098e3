/* SPDX-License-Identifier: BSD-3-Clause */
/* The paths of a move that keeps all bits, which each ISA's kernel compiles with its flags and its own transposes. What
 * includes this says before what the numbers are: `typedef ... cardinal_number`, of bf16 and int8 an unsigned type. */
#ifndef CARDINAL_KERNELS_MOVE_PATHS_H
#define CARDINAL_KERNELS_MOVE_PATHS_H

#include <string.h>

#include "kernels/inline.h"
#include "kernels/move.h"

/* Transposes a square: to[j * to_row + i] = from[i * from_row + j].
 *
 * How numbers of one or two bytes are transposed: one's place among some rows is its row's bits and then its column's.
 * Interleaving each row of the first half with its fellow of the second half brings the row's highest bit to the lower
 * end, so as many rounds as rows have bits leave the columns' bits on top. */
typedef void cardinal_transpose_square(const cardinal_number *from, size_t from_row, cardinal_number *to,
                                       size_t to_row);

/* One element after the other. */
CARDINAL_INLINE void cardinal_move_elements(const cardinal_move_args *a) {
  const cardinal_number *from = a->from;
  cardinal_number *to = a->to;
  for (size_t p = 0; p < a->pixels; ++p)
    for (size_t l = 0; l < a->lanes; ++l)
      to[p * a->to_pixel + l * a->to_lane] = from[p * a->from_pixel + l * a->from_lane];
}

/* Pixels of an NHWC tensor are too far apart for the hardware's prefetchers; some pixels ahead are asked for. */
CARDINAL_INLINE void cardinal_prefetch_pixels(const cardinal_move_args *a, const cardinal_number *from,
                                              const cardinal_number *to) {
  enum {
    AHEAD = 16
  };
  __builtin_prefetch(from + AHEAD * a->from_pixel);
  __builtin_prefetch(to + AHEAD * a->to_pixel, 1);
}

/* Lanes are neighbours on both sides. A constant number of them makes memcpy a few vector moves. */
CARDINAL_INLINE void cardinal_copy_lanes(const cardinal_move_args *a, size_t lanes) {
  const cardinal_number *from = a->from;
  cardinal_number *to = a->to;
  for (size_t p = 0; p < a->pixels; ++p, from += a->from_pixel, to += a->to_pixel) {
    cardinal_prefetch_pixels(a, from, to);
    memcpy(to, from, lanes * sizeof(cardinal_number));
  }
}

CARDINAL_INLINE void cardinal_copy_pixels(const cardinal_move_args *a) {
  switch (a->lanes) {
  case 2:
    cardinal_copy_lanes(a, 2);
    break;
  case 4:
    cardinal_copy_lanes(a, 4);
    break;
  case 6:
    cardinal_copy_lanes(a, 6);
    break;
  case 8:
    cardinal_copy_lanes(a, 8);
    break;
  case 10:
    cardinal_copy_lanes(a, 10);
    break;
  case 12:
    cardinal_copy_lanes(a, 12);
    break;
  case 14:
    cardinal_copy_lanes(a, 14);
    break;
  case 16:
    cardinal_copy_lanes(a, 16);
    break;
  default:
    cardinal_move_elements(a);
    break;
  }
}

/* A matrix of at least side × side numbers, square by square; those at its ends reach back into what was moved already,
 * so that none is left over. `rows` and `columns` are those of `from`. */
CARDINAL_INLINE void cardinal_transpose(const cardinal_number *from, size_t from_row, cardinal_number *to,
                                        size_t to_row, size_t rows, size_t columns, size_t side,
                                        cardinal_transpose_square *square) {
  for (size_t column = 0; column < columns; column += side) {
    const size_t j = column + side <= columns ? column : columns - side;
    for (size_t row = 0; row < rows; row += side) {
      const size_t i = row + side <= rows ? row : rows - side;
      square(from + i * from_row + j, from_row, to + j * to_row + i, to_row);
    }
  }
}

/* If the move is a transposition of at least side × side numbers, does it and returns true. */
CARDINAL_INLINE _Bool cardinal_move_squares(const cardinal_move_args *a, size_t side,
                                            cardinal_transpose_square *square) {
  if (a->pixels < side || a->lanes < side)
    return 0;
  if (a->from_pixel == 1 && a->to_lane == 1)
    cardinal_transpose(a->from, a->from_lane, a->to, a->to_pixel, a->lanes, a->pixels, side, square);
  else if (a->from_lane == 1 && a->to_pixel == 1)
    cardinal_transpose(a->from, a->from_pixel, a->to, a->to_lane, a->pixels, a->lanes, side, square);
  else
    return 0;
  return 1;
}

#endif
