/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves with AVX2: squares of 8×8 and 4×4. */
typedef float cardinal_number;
#include "kernels/move_paths.h"
#include "kernels/x86/transpose.h"

void cardinal_move_f32_avx2(const cardinal_move_args *args) {
  if (args->from_lane == 1 && args->to_lane == 1)
    cardinal_copy_pixels(args);
  else if (!cardinal_move_squares(args, 8, cardinal_transpose_8) &&
           !cardinal_move_squares(args, 4, cardinal_transpose_4))
    cardinal_move_elements(args);
}
