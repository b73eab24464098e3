/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel, a plain load. */
#include "kernels/x86/gconv3x3_avx2.h"

enum {
  SLOT = 1,
  ROWS = 1
};

static void tiles(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, const cardinal_avx2_cut *cut,
                  size_t row) {
  if (a->window.stride_h == 1)
    cardinal_avx2_tiles(a, pass, cut, row, SLOT, 1, ROWS > 1);
  else
    cardinal_avx2_tiles(a, pass, cut, row, SLOT, 2, ROWS > 1);
}

void cardinal_gconv3x3_f32_w1_avx2(const cardinal_conv_args *a) {
  cardinal_avx2_one_pass(a, SLOT, ROWS, tiles);
}
