/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, four of them in a vector. */
#include "kernels/x86/gconv3x3_avx512.h"

enum { SLOT = 4, COLUMNS = (TILE_PIXELS - 1) * 2 + KERNEL };

void cardinal_gconv3x3_f32_w4_avx512(const cardinal_conv_args *a) {
  _Alignas(64) float rows[KERNEL * SLOT * COLUMNS * CARDINAL_BLOCK]; /* 22 KB, two thirds of L1 */
  const cardinal_avx512_spread spread = {rows, SLOT, COLUMNS};
  if (a->stride_h == 1)
    cardinal_avx512_spread_all(a, spread, 1, TILE_PIXELS);
  else
    cardinal_avx512_spread_all(a, spread, 2, TILE_PIXELS);
}
