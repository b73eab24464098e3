/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the time of a network goes, layer by layer, as it is run in place. */
#ifndef CARDINAL_TOOLS_PROFILE_H
#define CARDINAL_TOOLS_PROFILE_H

#include <cardinal/net.h>
#include <jansson.h>

#include "bench/measure.h"

typedef struct layer_profile {
  cardinal_net_layer layer;
  double seconds; /* median over the quiet runs */
} layer_profile;

typedef struct net_profile {
  cardinal_isa isa;
  unsigned threads;
  int64_t batch;
  size_t layer_count;
  layer_profile *layers;
  cardinal_measurement measured; /* of whole runs; the peak is that of the ISA with that many threads */
} net_profile;

/* Runs the network once to warm up, then for about a second, at least 5 times, in rounds as bench/measure.h has them.
 * `images` is a batch, `logits` and `arena` as for cardinal_net_run. CARDINAL_OUT_OF_MEMORY or what running gives. */
cardinal_status profile_measure(const cardinal_context *context, const cardinal_net *net, int64_t batch,
                                const float *images, float *logits, void *arena, net_profile *result,
                                cardinal_error *error);
void profile_free(net_profile *result);

/* A table on stdout, and the same as JSON. */
void profile_print(const net_profile *result);
json_t *profile_json(const net_profile *result);

#endif
