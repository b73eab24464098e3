/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer with AVX-512: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

extern const cardinal_fc_tiles cardinal_fc_f32_avx512_tiles;

void cardinal_fc_f32_3x64_avx512(const cardinal_fc_args *a) {
  cardinal_fc_run(a, CARDINAL_FORMAT_F32, cardinal_fc_f32_avx512_tiles);
}
