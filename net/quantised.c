/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/quantised.h"

#include <math.h>
#include <stdio.h>

#include "net/common.h"

enum {
  MOST = 127 /* the magnitude of a weight */
};

static const cardinal_tensor *find_part(const cardinal_weights *source, const char *layer, const char *part) {
  char name[64];
  snprintf(name, sizeof name, "%s.%s", layer, part);
  return cardinal_table_find(&source->table, name);
}

static cardinal_status fetch_floats(const cardinal_weights *source, const char *layer, const char *part, bool positive,
                                    float *to, cardinal_error *error) {
  const cardinal_tensor *tensor = find_part(source, layer, part);
  cardinal_status status = cardinal_weights_fetch(source, tensor, 0, tensor->count, to, error);
  for (size_t i = 0; !status && i < tensor->count; i++)
    if (!isfinite(to[i]) || (positive && !(to[i] > 0)))
      status = cardinal_net_fail(error, CARDINAL_BAD_FILE,
                                 "%s: tensor \"%s\": expected finite numbers%s, found %g as element %zu", source->label,
                                 tensor->name, positive ? " above 0" : "", (double)to[i], i);
  return status;
}

static cardinal_status fetch_bytes(const cardinal_weights *source, const char *layer, const char *part, int least,
                                   int8_t *to, cardinal_error *error) {
  const cardinal_tensor *tensor = find_part(source, layer, part);
  cardinal_status status = cardinal_weights_fetch_int8(source, tensor, 0, tensor->count, to, error);
  bool outside = false;
  for (size_t i = 0; !status && i < tensor->count; i++)
    outside |= to[i] < least;
  for (size_t i = 0; outside && i < tensor->count; i++)
    if (to[i] < least)
      return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                               "%s: tensor \"%s\": expected numbers from %d to %d, found %d as element %zu",
                               source->label, tensor->name, least, MOST, to[i], i);
  return status;
}

cardinal_status cardinal_quantised_fetch(const cardinal_weights *source, const cardinal_layer *layer,
                                         cardinal_quantised_layer *to, cardinal_error *error) {
  cardinal_status status = fetch_bytes(source, layer->name, "weight", -MOST, to->weights, error);
  if (!status)
    status = fetch_floats(source, layer->name, "weight_scale", true, to->weight_scales, error);
  return status ? status : fetch_floats(source, layer->name, "bias", false, to->bias, error);
}

cardinal_status cardinal_quantised_output_scale(const cardinal_weights *source, const char *layer, float *scale,
                                                cardinal_error *error) {
  return fetch_floats(source, layer, "output_scale", true, scale, error);
}

cardinal_status cardinal_quantised_fetch_input(const cardinal_weights *source, cardinal_quantised_input *input,
                                               cardinal_error *error) {
  cardinal_status status = fetch_floats(source, "conv1", "input_scale", true, input->scale, error);
  return status ? status : fetch_bytes(source, "conv1", "input_zero", 0, input->zero, error);
}
