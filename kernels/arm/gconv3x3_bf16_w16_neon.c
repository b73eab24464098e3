/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups that fill whole blocks, or one group. */
#include "kernels/arm/gconv3x3.h"

extern const cardinal_segments cardinal_gconv3x3_bf16_w16_neon_tiles;

void cardinal_gconv3x3_bf16_w16_neon(const cardinal_conv_args *a) {
  cardinal_gconv3x3_run(a, &cardinal_gconv3x3_bf16_w16_neon_tiles, CARDINAL_FORMAT_BF16,
                        cardinal_cut_evenly(a->out_width, 3));
}
