/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of int8 with NEON: squares of 16×16 and 8×8. */
#include <stdint.h>

typedef uint8_t cardinal_number;
#include "kernels/arm/squares.h"

void cardinal_move_int8_neon(const cardinal_move_args *args) {
  cardinal_move_by_squares(args);
}
