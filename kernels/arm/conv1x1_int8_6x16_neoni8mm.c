/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution of int8 with matrix products of bytes. kernels/arm/conv1x1_pairs.inc has the tiles. */
#include "kernels/conv1x1.h"

extern cardinal_conv1x1_tile_function *const cardinal_conv1x1_int8_neoni8mm_x1[];

void cardinal_conv1x1_int8_6x16_neoni8mm(const cardinal_conv1x1_args *a) {
  cardinal_conv1x1_run_cut(a, CARDINAL_FORMAT_INT8, cardinal_conv1x1_int8_neoni8mm_x1, cardinal_cut_whole(a->pixels, 6),
                           CONV1X1_AHEAD_INT8_NEON);
}
