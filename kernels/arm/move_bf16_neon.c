/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of bf16 with NEON: squares of 8×8 and 4×4. */
#include <stdint.h>

typedef uint16_t cardinal_number;
#include "kernels/arm/squares.h"

void cardinal_move_bf16_neon(const cardinal_move_args *args) {
  cardinal_move_by_squares(args);
}
