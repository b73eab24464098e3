/* SPDX-License-Identifier: BSD-3-Clause */
/* The stem with AVX-512, 16 pixels × 16 output channels. kernels/x86/conv7x7.inc has the tiles. */
#include "kernels/conv7x7.h"

extern cardinal_conv7x7_tile_function *const cardinal_conv7x7s2_f32_avx512_inner[],
    *const cardinal_conv7x7s2_f32_avx512_edge[];

void cardinal_conv7x7s2_f32_nchw_avx512(const cardinal_conv_args *a) {
  cardinal_conv7x7_run(a, cardinal_conv7x7s2_f32_avx512_inner, cardinal_conv7x7s2_f32_avx512_edge, 16);
}
