/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8: a vector is one group, an input channel is broadcast from memory. */
#include "kernels/x86/gconv3x3_avx2.h"

enum {
  SLOT = 8,
  ROWS = MOST_ROWS
};

static void tiles(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, const cardinal_avx2_cut *cut,
                  size_t row) {
  if (a->window.stride_h == 1)
    cardinal_avx2_tiles(a, pass, cut, row, SLOT, 1, ROWS > 1);
  else
    cardinal_avx2_tiles(a, pass, cut, row, SLOT, 2, ROWS > 1);
}

void cardinal_gconv3x3_f32_w8_avx2(const cardinal_conv_args *a) {
  cardinal_avx2_one_pass(a, SLOT, ROWS, tiles);
}
