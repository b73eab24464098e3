/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of up to 8 channels, two of them in a vector. */
#include "kernels/x86/gconv3x3_avx512.h"

/* Strips of stride 2 read twice the columns; narrower ones keep the spread rows within 32 KB. */
enum { SLOT = 8, STRIDE2_PIXELS = 10, COLUMNS = (STRIDE2_PIXELS - 1) * 2 + KERNEL };

void cardinal_gconv3x3_f32_w8_avx512(const cardinal_conv_args *a) {
  _Alignas(64) float rows[KERNEL * SLOT * COLUMNS * CARDINAL_BLOCK];
  const cardinal_avx512_spread spread = {rows, SLOT, COLUMNS};
  if (a->stride_h == 1)
    cardinal_avx512_spread_all(a, spread, 1, TILE_PIXELS);
  else
    cardinal_avx512_spread_all(a, spread, 2, STRIDE2_PIXELS);
}
