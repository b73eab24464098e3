/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels, which are two vectors. */
#include "kernels/arm/gconv3x3.h"

extern const cardinal_segments cardinal_gconv3x3_int8_w8_neon_tiles;

void cardinal_gconv3x3_int8_w8_neon(const cardinal_conv_args *a) {
  cardinal_gconv3x3_run(a, &cardinal_gconv3x3_int8_w8_neon_tiles, CARDINAL_FORMAT_INT8,
                        cardinal_cut_evenly(a->out_width, 7));
}
