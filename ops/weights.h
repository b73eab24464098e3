/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed weights: an object of its own, which any number of plans refer to. */
#ifndef CARDINAL_OPS_WEIGHTS_H
#define CARDINAL_OPS_WEIGHTS_H

#include <stdatomic.h>

#include "ops/context.h"
#include "ops/pack.h"

struct cardinal_conv_weights {
  const cardinal_context *context; /* whose allocator it came from */
  atomic_size_t holders;           /* who made it, until the destroy function, and its plans */
  cardinal_conv_weights *self;     /* for the count of holders, all that changes in weights that were made */
  /* Of the shape only channels, groups and the kernel's size are set; the grouping follows. */
  cardinal_shape shape;
  cardinal_grouping grouping;
  uint32_t has_bias;
  const void *weights;        /* the layout of kernels/kernel.h */
  const float *bias, *scales; /* 16 a block: the bias, zeros without one; int8: what a step of the weights is worth */
  size_t panel_words;         /* of 32 bits, of one output block */
  size_t weight_words, bias_floats;
  void *memory; /* what holds all of them, */
  size_t memory_bytes;
  void *mapping; /* or the file that does */
  size_t mapping_bytes;
};

/* Fills in what follows from a shape: grouping and sizes. Errors: they don't fit memory. */
cardinal_status cardinal_conv_weights_measure(const char *function, const cardinal_shape *shape,
                                              cardinal_conv_weights *weights, cardinal_error *error);

/* Where bias and scales lie, once the weights are known. */
void cardinal_conv_weights_point(cardinal_conv_weights *weights, const void *packed);

/* Takes a descriptor and weights, as cardinal_conv_create does. */
cardinal_status cardinal_conv_weights_make(const char *function, const cardinal_context *context,
                                           const cardinal_conv_desc *desc, const cardinal_plain_weights *plain,
                                           cardinal_conv_weights **made, cardinal_error *error);

/* One holder more; cardinal_conv_weights_destroy takes it away again. */
cardinal_conv_weights *cardinal_conv_weights_hold(const cardinal_conv_weights *weights);

#endif
