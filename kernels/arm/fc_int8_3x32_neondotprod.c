/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of int8 with the dot product of bytes. kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

CARDINAL_FC_KERNEL(fc_int8_3x32_neondotprod, INT8, fc_int8_neondotprod)
