/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution of int8 with AVX_VNNI, 6 pixels × 16 output channels: 12 sums. kernels/x86/conv1x1.inc has the tiles.
 */
#include "kernels/conv1x1.h"

extern cardinal_conv1x1_tile_function *const cardinal_conv1x1_int8_avx2vnni_x1[];

void cardinal_conv1x1_int8_6x16_avx2vnni(const cardinal_conv1x1_args *a) {
  cardinal_conv1x1_run(a, CARDINAL_FORMAT_INT8, cardinal_conv1x1_int8_avx2vnni_x1, CONV1X1_PIXELS_AVX2,
                       CONV1X1_AHEAD_INT8_AVX2);
}
