/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer, 3 images × 32 outputs, or 1 × 64: kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

extern const cardinal_fc_tiles cardinal_fc_f32_neon_tiles;

void cardinal_fc_f32_3x32_neon(const cardinal_fc_args *a) {
  cardinal_fc_run(a, CARDINAL_FORMAT_F32, cardinal_fc_f32_neon_tiles);
}
