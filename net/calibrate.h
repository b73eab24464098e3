/* SPDX-License-Identifier: BSD-3-Clause */
/* What flows through a network in f32: the numbers that decide the ranges of one in int8. */
#ifndef CARDINAL_NET_CALIBRATE_H
#define CARDINAL_NET_CALIBRATE_H

#include <cardinal/net.h>

#include "net/histogram.h"
#include "net/schema.h"

typedef struct cardinal_calibration {
  cardinal_net *net;
  cardinal_histogram *histograms;                                    /* of each step's output */
  float low[CARDINAL_IMAGE_CHANNELS], high[CARDINAL_IMAGE_CHANNELS]; /* of the images; 0 is between them */
  float *logits;
  void *arena;
  /* While images run: */
  size_t images;          /* of the batch, that count */
  const char *not_finite; /* the first layer that gave a number that isn't; NULL: none */
} cardinal_calibration;

/* Makes the network that is to be watched, with desc->batch images at once. The struct may be given to
 * cardinal_calibration_free whether this succeeds or not. Errors: as cardinal_net_create. */
cardinal_status cardinal_calibration_start(const cardinal_context *context, const cardinal_net_spec *spec,
                                           const cardinal_weights *weights, const cardinal_net_desc *desc,
                                           cardinal_calibration *calibration, cardinal_error *error);

/* Runs a batch, of which the first `images` count. Errors: a number that isn't finite on the way. */
cardinal_status cardinal_calibration_add(cardinal_calibration *calibration, const float *batch, size_t images,
                                         cardinal_error *error);

/* Says that images may have all values from `low` to `high`, as by normalisation, seen or not. */
void cardinal_calibration_widen(cardinal_calibration *calibration, const float low[CARDINAL_IMAGE_CHANNELS],
                                const float high[CARDINAL_IMAGE_CHANNELS]);

void cardinal_calibration_free(cardinal_calibration *calibration);

#endif /* CARDINAL_NET_CALIBRATE_H */
