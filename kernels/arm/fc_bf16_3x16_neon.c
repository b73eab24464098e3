/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of bf16 by f32's fused multiply-add. kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

extern const cardinal_fc_tiles cardinal_fc_bf16_neon_tiles;

void cardinal_fc_bf16_3x16_neon(const cardinal_fc_args *a) {
  cardinal_fc_run(a, CARDINAL_FORMAT_BF16, cardinal_fc_bf16_neon_tiles);
}
