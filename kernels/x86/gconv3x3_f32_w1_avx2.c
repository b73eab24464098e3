/* SPDX-License-Identifier: BSD-3-Clause */
/* Depthwise 3×3: each lane reads its own channel. */
#include "kernels/gconv3x3_segments.h"

extern const cardinal_segments cardinal_gconv3x3_f32_w1_avx2_tiles;

void cardinal_gconv3x3_f32_w1_avx2(const cardinal_conv_args *a) {
  cardinal_segments_run(a, &cardinal_gconv3x3_f32_w1_avx2_tiles, CARDINAL_FORMAT_F32);
}
