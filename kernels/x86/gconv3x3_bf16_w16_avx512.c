/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups that fill whole blocks, or one group: a cell of the input goes to all lanes. */
#include "kernels/gconv3x3_segments.h"

extern const cardinal_segments cardinal_gconv3x3_bf16_w16_avx512_tiles;

void cardinal_gconv3x3_bf16_w16_avx512(const cardinal_conv_args *a) {
  cardinal_segments_run(a, &cardinal_gconv3x3_bf16_w16_avx512_tiles, CARDINAL_FORMAT_BF16);
}
