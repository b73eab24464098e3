/* SPDX-License-Identifier: BSD-3-Clause */
/* Any window of horizontal stride 1 or 2: kernels/arm/conv_window.inc has the tiles. */
#include "kernels/conv_window.h"

CARDINAL_WINDOW_KERNEL(conv_bf16_6x16_neonbf16, BF16, conv_bf16_neonbf16)
