/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of int8 without a dot product. kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_int8_3x16_neon, INT8, fc_int8_neon)
