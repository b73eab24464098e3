/* SPDX-License-Identifier: BSD-3-Clause */
/* Any window of horizontal stride 1 or 2: kernels/x86/conv_window.inc has the tiles. */
#include "kernels/conv_window.h"

extern const cardinal_window_tiles cardinal_conv_int8_avx512vnni_tiles[4];
/* for windows of 7 columns, such as the stem's, in slots of 16 lanes */
extern const cardinal_window_tiles cardinal_conv_int8_7_avx512vnni_tiles;

void cardinal_conv_int8_14x16_avx512vnni(const cardinal_conv_args *a) {
  const cardinal_window *w = &a->window;
  if (a->slot == CARDINAL_BLOCK && w->kernel_w == 7 && w->dilation_w == 1)
    cardinal_window_run_tiles(a, &cardinal_conv_int8_7_avx512vnni_tiles, CARDINAL_FORMAT_INT8);
  else
    cardinal_window_run(a, cardinal_conv_int8_avx512vnni_tiles, CARDINAL_FORMAT_INT8);
}
