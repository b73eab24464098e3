/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of bf16 with AVX-512's f32: kernels/x86/fc.inc has the tiles. */
#include "kernels/fc.h"

extern const cardinal_fc_tiles cardinal_fc_bf16_avx512_tiles;

void cardinal_fc_bf16_3x64_avx512(const cardinal_fc_args *a) {
  cardinal_fc_run(a, CARDINAL_FORMAT_BF16, cardinal_fc_bf16_avx512_tiles);
}
