/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups that fill whole blocks, or one group. */
#include "kernels/arm/gconv3x3.h"

extern const cardinal_segments cardinal_gconv3x3_int8_w16_neondotprod_tiles;

/* Tiles of 5 pixels keep x in registers; there are as many more registers as make it 7 without. */
enum {
  MOST_PIXELS = 5,
  LEAST_PIXELS = 4,
  MOST_PIXELS_WITHOUT = 7
};

void cardinal_gconv3x3_int8_w16_neondotprod(const cardinal_conv_args *a) {
  cardinal_cut cut = cardinal_cut_evenly(a->out_width, MOST_PIXELS);
  if (cut.shorter < LEAST_PIXELS) /* 7 pixels are better off in one tile than in two of 4 and 3 */
    cut = cardinal_cut_evenly(a->out_width, MOST_PIXELS_WITHOUT);
  cardinal_gconv3x3_run(a, &cardinal_gconv3x3_int8_w16_neondotprod_tiles, CARDINAL_FORMAT_INT8, cut);
}
