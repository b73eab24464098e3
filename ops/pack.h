/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_OPS_PACK_H
#define CARDINAL_OPS_PACK_H

#include "ops/grouping.h"

/* OIHW weights as they are given: in floats, or in int8 with the scale of each output channel. */
typedef struct cardinal_plain_weights {
  const float *floats; /* NULL if they are int8: */
  const int8_t *steps;
  const float *scales;
  const float *bias; /* NULL: there is none */
} cardinal_plain_weights;

/* Where packed weights go: panels of so many 32-bit words, and 16 floats a panel of bias and, for int8, scales. */
typedef struct cardinal_packed {
  void *weights;
  float *bias, *scales;
  size_t panel_words;
} cardinal_packed;

/* Packs the weights of a convolution; see kernels/kernel.h for the layout. Units lie one after the other, each with its
 * out_blocks panels. */
void cardinal_pack(const cardinal_shape *shape, const cardinal_grouping *grouping, const cardinal_plain_weights *plain,
                   const cardinal_packed *to);

/* The scale that int8 weights of `count` floats get. */
float cardinal_weights_scale(const float *weights, size_t count);

#endif
