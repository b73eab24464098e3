/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/calibrate.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/fpenv.h"
#include "net/common.h"
#include "net/network.h"

cardinal_status cardinal_calibration_start(const cardinal_context *context, const cardinal_net_spec *spec,
                                           const cardinal_weights *weights, const cardinal_net_desc *desc,
                                           cardinal_calibration *calibration, cardinal_error *error) {
  *calibration = (cardinal_calibration){.net = NULL};
  cardinal_net_desc watched = *desc;
  watched.precision = CARDINAL_PRECISION_F32;
  const cardinal_status status = cardinal_net_make(context, spec, weights, &watched, NULL, &calibration->net, error);
  if (status)
    return status;
  const cardinal_net *net = calibration->net;
  calibration->histograms = calloc(net->step_count, sizeof *calibration->histograms);
  calibration->logits = malloc(net->logit_floats * sizeof *calibration->logits);
  calibration->arena = malloc(net->arena_bytes);
  if (calibration->histograms && calibration->logits && calibration->arena)
    return CARDINAL_OK;
  return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to calibrate %s", spec->name);
}

static void after_layer(void *user, size_t index) {
  cardinal_calibration *c = user;
  const cardinal_layer *layer = &c->net->steps[index].shape;
  if (layer->y == CARDINAL_VALUE_LOGITS)
    return;
  /* Lanes without a channel hold zeros, which change nothing but the count. */
  const size_t floats = (size_t)(layer->out_channels * layer->out_height * layer->out_width) * c->images;
  const size_t lanes =
      (size_t)((layer->out_channels + 15) / 16 * 16 * layer->out_height * layer->out_width) * c->images;
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  const bool finite =
      cardinal_histogram_add(&c->histograms[index], cardinal_net_value(c->net, c->arena, layer->y), lanes);
  cardinal_fp_leave(caller);
  if (finite)
    c->histograms[index].count -= lanes - floats;
  else if (!c->not_finite)
    c->not_finite = layer->name;
}

cardinal_status cardinal_calibration_add(cardinal_calibration *c, const float *batch, size_t images,
                                         cardinal_error *error) {
  const size_t plane = c->net->image_floats / ((size_t)c->net->batch * CARDINAL_IMAGE_CHANNELS);
  for (size_t i = 0; i < images * CARDINAL_IMAGE_CHANNELS; i++) {
    const size_t colour = i % CARDINAL_IMAGE_CHANNELS;
    for (size_t k = 0; k < plane; k++) {
      const float value = batch[i * plane + k];
      c->low[colour] = value < c->low[colour] ? value : c->low[colour];
      c->high[colour] = value > c->high[colour] ? value : c->high[colour];
    }
  }
  c->images = images;
  c->not_finite = NULL;
  const cardinal_status status =
      cardinal_net_run_profiled(c->net, batch, NULL, c->logits, c->arena, NULL, after_layer, c, error);
  if (!status && c->not_finite)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "layer %s gives numbers that aren't finite; are these weights in order?", c->not_finite);
  return status;
}

void cardinal_calibration_widen(cardinal_calibration *c, const float low[CARDINAL_IMAGE_CHANNELS],
                                const float high[CARDINAL_IMAGE_CHANNELS]) {
  for (int i = 0; i < CARDINAL_IMAGE_CHANNELS; i++) {
    c->low[i] = low[i] < c->low[i] ? low[i] : c->low[i];
    c->high[i] = high[i] > c->high[i] ? high[i] : c->high[i];
  }
}

void cardinal_calibration_free(cardinal_calibration *c) {
  cardinal_net_destroy(c->net);
  free(c->histograms);
  free(c->logits);
  free(c->arena);
  *c = (cardinal_calibration){.net = NULL};
}
