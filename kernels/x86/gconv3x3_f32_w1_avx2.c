/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel, a plain load. */
#include "kernels/x86/gconv3x3_avx2.h"

void cardinal_gconv3x3_f32_w1_avx2(const cardinal_conv_args *a) {
  /* both halves of a row before the next row: they share its lines in L1 */
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    cardinal_avx2_rows(a, 1, row, row + 1);
}
