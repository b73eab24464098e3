/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8: a vector is one group, an input channel is broadcast from memory. */
#include "kernels/x86/gconv3x3_avx2.h"

void cardinal_gconv3x3_f32_w8_avx2(const cardinal_conv_args *a) {
  /* both halves of a row before the next row: they share its lines in L1 */
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    cardinal_avx2_rows(a, 8, row, row + 1);
}
