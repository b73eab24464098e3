/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network that was made can be asked, and its end. */
#include "net/network.h"

#include <stdlib.h>

#include "net/fold.h"

void cardinal_net_largest_layer(const cardinal_net *net, size_t *weights, size_t *channels) {
  *weights = *channels = 0;
  for (size_t i = 0; i < net->step_count; i++) {
    const cardinal_layer *layer = &net->steps[i].shape;
    if (cardinal_step_pools(&net->steps[i]))
      continue;
    const size_t layer_weights = cardinal_layer_weights(layer), layer_channels = (size_t)layer->out_channels;
    *weights = layer_weights > *weights ? layer_weights : *weights;
    *channels = layer_channels > *channels ? layer_channels : *channels;
  }
}

void cardinal_net_destroy(cardinal_net *net) {
  if (!net)
    return;
  for (size_t i = 0; i < net->step_count; i++)
    cardinal_plan_destroy(net->steps[i].plan);
  cardinal_packed_release(net->packed);
  free(net->steps);
  free(net->values);
  free(net);
}

size_t cardinal_net_arena_bytes(const cardinal_net *net) {
  return net->arena_bytes;
}

size_t cardinal_net_feature_count(const cardinal_net *net) {
  return net->feature_floats / (size_t)net->batch;
}

const char *cardinal_precision_name(cardinal_precision precision) {
  static const char *const names[] = {"default", "f32", "bf16", "int8"};
  return (unsigned)precision < sizeof names / sizeof names[0] ? names[precision] : NULL;
}

cardinal_precision cardinal_net_precision(const cardinal_net *net) {
  return net->precision;
}

cardinal_format cardinal_net_format(const cardinal_net *net) {
  return net->precision == CARDINAL_PRECISION_INT8   ? CARDINAL_FORMAT_INT8
         : net->precision == CARDINAL_PRECISION_BF16 ? CARDINAL_FORMAT_BF16
                                                     : CARDINAL_FORMAT_F32;
}

size_t cardinal_net_weight_bytes(const cardinal_net *net) {
  return net->weight_bytes;
}
