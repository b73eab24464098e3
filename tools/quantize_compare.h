/* SPDX-License-Identifier: BSD-3-Clause */
/* A network in int8 beside the one in f32 that it was made from, layer by layer. */
#ifndef CARDINAL_TOOLS_QUANTIZE_COMPARE_H
#define CARDINAL_TOOLS_QUANTIZE_COMPARE_H

#include <cardinal/net.h>

/* What two networks gave for some images. */
typedef struct quantize_comparison {
  double *squares, *errors; /* of each layer: sums of f32's outputs squared, and of the differences squared */
  size_t images, layers;
} quantize_comparison;

/* Runs both on `count` images [3][side][side], one at a time. The struct may be given to quantize_comparison_free
 * whether this succeeds or not. Errors: as cardinal_net_create; memory. */
cardinal_status quantize_compare(const cardinal_context *context, const cardinal_net_spec *spec,
                                 const cardinal_weights *weights, const cardinal_weights *quantised, int64_t side,
                                 const float *images, size_t count, quantize_comparison *to, cardinal_error *error);

/* Signal over noise of a layer; infinite if nothing differs. */
double quantize_comparison_ratio(const quantize_comparison *comparison, size_t layer);
void quantize_comparison_free(quantize_comparison *comparison);

#endif
