/* SPDX-License-Identifier: BSD-3-Clause */
/* The stem, 6 pixels × 16 output channels. kernels/arm/conv7x7.inc has the tiles. */
#include "kernels/conv7x7.h"

extern cardinal_conv7x7_tile_function *const cardinal_conv7x7s2_f32_neon_inner[],
    *const cardinal_conv7x7s2_f32_neon_edge[];

void cardinal_conv7x7s2_f32_nchw_neon(const cardinal_conv_args *a) {
  cardinal_conv7x7_run(a, cardinal_conv7x7s2_f32_neon_inner, cardinal_conv7x7s2_f32_neon_edge, 6);
}
