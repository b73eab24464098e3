/* SPDX-License-Identifier: BSD-3-Clause */
/* Any window of horizontal stride 1 or 2: kernels/x86/conv_window.inc has the tiles. */
#include "kernels/conv_window.h"

CARDINAL_WINDOW_KERNEL(conv_int8_14x16_avx512, INT8, conv_int8_avx512)
