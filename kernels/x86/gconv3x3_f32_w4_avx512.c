/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of up to 4 channels, four groups in a vector. A group is a quarter of a register, within which
 * shuffles are cheapest: on Zen 4 and 5 they don't take a pipe from FMAs. */
#define COLUMN(i)                                                                                                      \
  "vmovups " #i "*64(%%rsi), %%zmm30\n"                                                                                \
  "vpermilps %%zmm31, %%zmm30, %%zmm30\n"
#include "kernels/x86/gconv3x3_rolling_avx512.h"

void cardinal_gconv3x3_f32_w4_avx512(const cardinal_conv_args *a) {
  cardinal_avx512_rolling(a, 4);
}
