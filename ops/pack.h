/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_OPS_PACK_H
#define CARDINAL_OPS_PACK_H

#include "ops/grouping.h"

/* Packs OIHW weights and a bias (NULL: zeros) of a convolution; see kernels/kernel.h for the layout. Units lie one
 * after the other, each with its out_blocks panels of `panel_floats`; the bias has 16 floats a panel. */
void cardinal_pack(const cardinal_shape *shape, const cardinal_grouping *grouping, size_t panel_floats,
                   const float *weights, const float *bias, float *packed, float *packed_bias);

#endif
