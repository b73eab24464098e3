/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer of int8 with the dot product of bytes. kernels/arm/fc.inc has the tiles. */
#include "kernels/fc.h"

extern const cardinal_fc_tiles cardinal_fc_int8_neondotprod_tiles;

void cardinal_fc_int8_3x32_neondotprod(const cardinal_fc_args *a) {
  cardinal_fc_run(a, CARDINAL_FORMAT_INT8, cardinal_fc_int8_neondotprod_tiles);
}
