/* SPDX-License-Identifier: BSD-3-Clause */
/* From weights in f32 and what calibration has seen to a network in int8: docs/quantisation.md. */
#ifndef CARDINAL_NET_QUANTISE_H
#define CARDINAL_NET_QUANTISE_H

#include "net/calibrate.h"
#include "net/weights.h"

/* Where the range of a layer's outputs ends. */
typedef enum cardinal_range_method {
  CARDINAL_RANGE_LEAST_ERROR, /* where the sum of squared errors is the least */
  CARDINAL_RANGE_PERCENTILE,  /* where a share of the numbers is left out */
  CARDINAL_RANGE_LARGEST      /* at the largest of them */
} cardinal_range_method;

typedef struct cardinal_range_options {
  cardinal_range_method method;
  double left_out; /* CARDINAL_RANGE_PERCENTILE: the share */
} cardinal_range_options;

/* What became of a layer. */
typedef struct cardinal_quantised_report {
  const char *name; /* the calibration's */
  bool has_weights, has_output;
  double weight_noise_ratio; /* sum of squares of the folded weights over that of the errors; infinite without */
  float output_scale;        /* what a step of its output is worth */
  cardinal_range_effect output;
} cardinal_quantised_report;

/* Makes the weights of a network in int8, in memory laid out as a file is; they are the caller's. `report` has an
 * element for each step of the calibration's network, or is NULL. `spec` comes from cardinal_spec_take.
 * Errors: a file that can't be read or has other numbers than when the calibration started, memory. */
cardinal_status cardinal_quantise(const cardinal_calibration *calibration, const cardinal_net_spec *spec,
                                  const cardinal_weights *from, const cardinal_range_options *options,
                                  cardinal_quantised_report *report, cardinal_weights **to, cardinal_error *error);

#endif /* CARDINAL_NET_QUANTISE_H */
