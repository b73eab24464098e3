/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers of a network in int8, checked. */
#ifndef CARDINAL_NET_QUANTISED_H
#define CARDINAL_NET_QUANTISED_H

#include "net/architecture.h"
#include "net/schema.h"
#include "net/weights.h"

/* One convolution or fully connected layer; what is meant by a weight is weights[o][...] * weight_scales[o]. */
typedef struct cardinal_quantised_layer {
  int8_t *weights;      /* OIHW, -127 to 127 */
  float *weight_scales; /* one an output channel, above 0 */
  float *bias;          /* one an output channel, real */
} cardinal_quantised_layer;

/* Fetches a layer of a source whose tensors match into memory for its numbers.
 * Errors: a file that can't be read, a value out of range. */
cardinal_status cardinal_quantised_fetch(const cardinal_weights *source, const cardinal_layer *layer,
                                         cardinal_quantised_layer *to, cardinal_error *error);

/* The step of the output of a layer by its name, not that of "fc" or "maxpool". Errors: as above. */
cardinal_status cardinal_quantised_output_scale(const cardinal_weights *source, const char *layer, float *scale,
                                                cardinal_error *error);

/* Fetches what images become. Errors: as above. */
cardinal_status cardinal_quantised_fetch_input(const cardinal_weights *source, cardinal_quantised_input *input,
                                               cardinal_error *error);

#endif /* CARDINAL_NET_QUANTISED_H */
