/* SPDX-License-Identifier: BSD-3-Clause */
/* Any window of horizontal stride 1 or 2: kernels/arm/conv_window.inc has the tiles. */
#include "kernels/conv_window.h"

extern const cardinal_window_tiles cardinal_conv_bf16_neonbf16_tiles[4];

void cardinal_conv_bf16_6x16_neonbf16(const cardinal_conv_args *a) {
  cardinal_window_run(a, cardinal_conv_bf16_neonbf16_tiles, CARDINAL_FORMAT_BF16);
}
