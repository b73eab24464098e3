/* SPDX-License-Identifier: BSD-3-Clause */
/* A network as it is run: a list of plans, and one arena for all that flows between them. */
#ifndef CARDINAL_NET_NETWORK_H
#define CARDINAL_NET_NETWORK_H

#include <cardinal/net.h>

#include "net/architecture.h"
#include "net/packed.h"
#include "net/schema.h"

typedef struct cardinal_step {
  cardinal_layer shape;
  cardinal_conv_desc conv; /* of one kind or the other */
  cardinal_pool_desc pool;
  cardinal_plan *plan;
  uint64_t multiply_adds;
  size_t scratch; /* offset in the arena */
  float scale;    /* int8: what a step of the output is worth */
} cardinal_step;

struct cardinal_net {
  const cardinal_context *context;
  cardinal_net_spec spec;
  int64_t batch;
  cardinal_precision precision;
  cardinal_step *steps;
  size_t step_count;
  cardinal_packed *packed; /* weights, shared with other networks */
  size_t *values;          /* by number of the value: its offset in the arena */
  size_t value_count;
  size_t image_floats, feature_floats, logit_floats;
  size_t arena_bytes, weight_bytes;
  cardinal_quantised_input input; /* int8 */
};

static inline bool cardinal_step_pools(const cardinal_step *step) {
  return step->shape.kind == CARDINAL_LAYER_MAX_POOL || step->shape.kind == CARDINAL_LAYER_AVERAGE_POOL;
}

/* Makes weights in int8 of others. */
typedef cardinal_status cardinal_net_quantise(const cardinal_context *context, const cardinal_net_spec *spec,
                                              const cardinal_weights *from, const cardinal_net_desc *desc,
                                              cardinal_weights **to, cardinal_error *error);

/* What cardinal_net_create does. `quantise` is for a network in int8 whose weights aren't; NULL: there will be none. */
cardinal_status cardinal_net_make(const cardinal_context *context, const cardinal_net_spec *spec,
                                  const cardinal_weights *weights, const cardinal_net_desc *desc,
                                  cardinal_net_quantise *quantise, cardinal_net **net, cardinal_error *error);

/* The most weights, and the most output channels, that a layer has. */
void cardinal_net_largest_layer(const cardinal_net *net, size_t *weights, size_t *channels);

/* The format of what flows between the layers. */
cardinal_format cardinal_net_format(const cardinal_net *net);

/* Where a value lies in an arena, from the step that writes it to the last that reads it. Images and logits are the
 * caller's and lie elsewhere. */
void *cardinal_net_value(const cardinal_net *net, void *arena, uint32_t value);

/* Copies a step's output, not the logits, as floats: blocked, as it lies in the arena. */
void cardinal_net_output(const cardinal_net *net, void *arena, size_t step, float *to);

#endif /* CARDINAL_NET_NETWORK_H */
