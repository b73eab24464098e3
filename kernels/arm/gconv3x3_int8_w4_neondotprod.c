/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of 4 channels, which are a vector. */
#include "kernels/arm/gconv3x3.h"

extern const cardinal_segments cardinal_gconv3x3_int8_w4_neondotprod_tiles;

void cardinal_gconv3x3_int8_w4_neondotprod(const cardinal_conv_args *a) {
  cardinal_gconv3x3_run(a, &cardinal_gconv3x3_int8_w4_neondotprod_tiles, CARDINAL_FORMAT_INT8,
                        cardinal_cut_evenly(a->out_width, 14));
}
