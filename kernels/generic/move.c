/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves in portable C: copies of lanes, squares of 4×4, single elements. */
typedef float cardinal_number;
#include "kernels/move_paths.h"

CARDINAL_INLINE void square_4(const float *from, size_t from_row, float *to, size_t to_row) {
  float rows[4][4];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i)
    memcpy(rows[i], from + i * from_row, sizeof rows[i]);
  CARDINAL_UNROLL
  for (size_t j = 0; j < 4; ++j) {
    const float column[4] = {rows[0][j], rows[1][j], rows[2][j], rows[3][j]};
    memcpy(to + j * to_row, column, sizeof column);
  }
}

void cardinal_move_f32_generic(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 4, square_4))
    cardinal_move_elements(args);
}
