/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of at most 8 channels: two groups in a vector. */
#include "kernels/gconv3x3_segments.h"

extern const cardinal_segments cardinal_gconv3x3_bf16_w8_avx512_tiles;

void cardinal_gconv3x3_bf16_w8_avx512(const cardinal_conv_args *a) {
  cardinal_segments_run(a, &cardinal_gconv3x3_bf16_w8_avx512_tiles, CARDINAL_FORMAT_BF16);
}
