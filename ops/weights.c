/* SPDX-License-Identifier: BSD-3-Clause */
/* Making, holding and letting go of packed weights. */
#include "ops/weights.h"

#include <sys/mman.h>

#include "ops/describe.h"
#include "ops/error.h"
#include "ops/pack.h"
#include "ops/sizes.h"

cardinal_status cardinal_conv_weights_measure(const char *function, const cardinal_shape *shape,
                                              cardinal_conv_weights *w, cardinal_error *error) {
  w->shape = *shape;
  w->grouping = cardinal_grouping_of(shape);
  w->panel_floats = w->bias_floats = CARDINAL_BLOCK;
  bool fits = cardinal_multiply(&w->panel_floats, shape->in_per_group) &&
              cardinal_multiply(&w->panel_floats, shape->window.kernel_h) &&
              cardinal_multiply(&w->panel_floats, shape->window.kernel_w) &&
              cardinal_multiply(&w->bias_floats, w->grouping.units) &&
              cardinal_multiply(&w->bias_floats, w->grouping.out_blocks);
  w->weight_floats = w->panel_floats;
  fits = fits && cardinal_multiply(&w->weight_floats, w->bias_floats / CARDINAL_BLOCK);
  size_t bytes = sizeof(float);
  if (!fits || w->weight_floats > PTRDIFF_MAX / 2 || w->bias_floats > PTRDIFF_MAX / 2 ||
      !cardinal_multiply(&bytes, w->weight_floats + w->bias_floats) || bytes > PTRDIFF_MAX)
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the weights' size doesn't fit memory", function);
  return CARDINAL_OK;
}

cardinal_status cardinal_conv_weights_make(const char *function, const cardinal_context *context,
                                           const cardinal_conv_desc *desc, const float *weights, const float *bias,
                                           cardinal_conv_weights **made, cardinal_error *error) {
  cardinal_conv_desc d;
  cardinal_shape shape;
  cardinal_status status = cardinal_describe_weights(function, desc, &d, &shape, error);
  if (status)
    return status;
  if (!bias != !d.has_bias)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: has_bias is %d, but bias is %s", function, d.has_bias,
                         bias ? "given" : "NULL");
  cardinal_conv_weights sized = {.context = context, .has_bias = d.has_bias != 0};
  status = cardinal_conv_weights_measure(function, &shape, &sized, error);
  if (status)
    return status;
  cardinal_conv_weights *w = cardinal_context_allocate(context, sizeof *w);
  if (!w)
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the weights", function);
  *w = sized;
  atomic_init(&w->holders, 1);
  w->memory_bytes = (w->weight_floats + w->bias_floats) * sizeof(float);
  float *packed = w->memory = cardinal_context_allocate(context, w->memory_bytes);
  if (!packed) {
    status = cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for %zu bytes of packed weights", function,
                           w->memory_bytes);
    cardinal_context_free(context, w, sizeof *w);
    return status;
  }
  cardinal_pack(&w->shape, &w->grouping, w->panel_floats, weights, bias, packed, packed + w->weight_floats);
  w->weights = packed;
  w->bias = packed + w->weight_floats;
  *made = w;
  return CARDINAL_OK;
}

cardinal_status cardinal_conv_weights_create(const cardinal_context *context, const cardinal_conv_desc *desc,
                                             const float *weights, const float *bias, cardinal_conv_weights **made,
                                             cardinal_error *error) {
  static const char function[] = "cardinal_conv_weights_create";
  if (!context || !weights || !made)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function,
                         !context   ? "context"
                         : !weights ? "weights"
                                    : "made");
  return cardinal_conv_weights_make(function, context, desc, weights, bias, made, error);
}

cardinal_conv_weights *cardinal_conv_weights_hold(const cardinal_conv_weights *weights) {
  /* Counting holders is all that ever changes in weights that were made. */
  cardinal_conv_weights *w = (cardinal_conv_weights *)(uintptr_t)weights;
  atomic_fetch_add_explicit(&w->holders, 1, memory_order_relaxed);
  return w;
}

void cardinal_conv_weights_destroy(cardinal_conv_weights *w) {
  if (!w || atomic_fetch_sub_explicit(&w->holders, 1, memory_order_acq_rel) > 1)
    return;
  if (w->mapping)
    munmap(w->mapping, w->mapping_bytes);
  cardinal_context_free(w->context, w->memory, w->memory_bytes);
  cardinal_context_free(w->context, w, sizeof *w);
}

size_t cardinal_conv_weights_bytes(const cardinal_conv_weights *w) {
  return (w->weight_floats + w->bias_floats) * sizeof(float);
}
