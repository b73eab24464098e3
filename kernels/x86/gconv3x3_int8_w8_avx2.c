/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels: a cell of the input goes to all lanes of half a block. */
#include "kernels/gconv3x3_segments.h"

extern const cardinal_segments cardinal_gconv3x3_int8_w8_avx2_tiles;

void cardinal_gconv3x3_int8_w8_avx2(const cardinal_conv_args *a) {
  cardinal_segments_run(a, &cardinal_gconv3x3_int8_w8_avx2_tiles, CARDINAL_FORMAT_INT8);
}
