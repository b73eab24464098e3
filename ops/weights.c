/* SPDX-License-Identifier: BSD-3-Clause */
/* Making, holding and letting go of packed weights. */
#include "ops/weights.h"

#include <math.h>
#include <sys/mman.h>

#include "kernels/format.h"
#include "ops/describe.h"
#include "ops/error.h"
#include "ops/sizes.h"

enum {
  /* So many products of 127 and 127 fit int32. */
  MOST_INT8_PRODUCTS = INT32_MAX / (CARDINAL_INT8_MOST * CARDINAL_INT8_MOST)
};

cardinal_status cardinal_conv_weights_measure(const char *function, const cardinal_shape *shape,
                                              cardinal_conv_weights *w, cardinal_error *error) {
  w->shape = *shape;
  w->grouping = cardinal_grouping_of(shape);
  w->panel_words = w->bias_floats = CARDINAL_BLOCK;
  /* The last block of channels alone may have cells that aren't full. */
  bool fits = cardinal_multiply(&w->panel_words, cardinal_cells(shape->format, shape->in_per_group)) &&
              cardinal_multiply(&w->panel_words, shape->window.kernel_h) &&
              cardinal_multiply(&w->panel_words, shape->window.kernel_w) &&
              cardinal_multiply(&w->bias_floats, w->grouping.units) &&
              cardinal_multiply(&w->bias_floats, w->grouping.out_blocks);
  w->weight_words = w->panel_words;
  fits = fits && cardinal_multiply(&w->weight_words, w->bias_floats / CARDINAL_BLOCK);
  size_t bytes = CARDINAL_CELL_BYTES;
  if (!fits || w->weight_words > PTRDIFF_MAX / 2 || w->bias_floats > PTRDIFF_MAX / 4 ||
      !cardinal_multiply(&bytes, w->weight_words + 2 * w->bias_floats) || bytes > PTRDIFF_MAX)
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the weights' size doesn't fit memory", function);
  const size_t products = shape->in_per_group * shape->window.kernel_h * shape->window.kernel_w;
  if (shape->format == CARDINAL_FORMAT_INT8 && products > MOST_INT8_PRODUCTS)
    return cardinal_fail(error, CARDINAL_OVERFLOW,
                         "%s: an output is a sum of %zu products, of int8 at most %d surely fit its 32 bits", function,
                         products, MOST_INT8_PRODUCTS);
  return CARDINAL_OK;
}

/* Whether weights can be what the format wants. */
static cardinal_status check_weights(const char *function, const cardinal_conv_weights *w,
                                     const cardinal_plain_weights *plain, cardinal_error *error) {
  if (w->shape.format != CARDINAL_FORMAT_INT8)
    return CARDINAL_OK;
  const size_t outputs = w->shape.groups * w->shape.out_per_group;
  const size_t each = w->shape.in_per_group * w->shape.window.kernel_h * w->shape.window.kernel_w;
  for (size_t o = 0; o < outputs; ++o) {
    if (plain->scales && !(plain->scales[o] > 0.0f && isfinite(plain->scales[o])))
      return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                           "%s: the scale of output channel %zu is %g, expected a positive number", function, o,
                           (double)plain->scales[o]);
    for (size_t i = 0; i < each; ++i) {
      if (plain->steps && plain->steps[o * each + i] < -CARDINAL_INT8_MOST)
        return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "%s: weight %zu of output channel %zu is -128, expected -127 to 127", function, i, o);
      if (plain->floats && !isfinite(plain->floats[o * each + i]))
        return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "%s: weight %zu of output channel %zu is %g, which int8 can't be", function, i, o,
                             (double)plain->floats[o * each + i]);
    }
    if (plain->bias && !isfinite(plain->bias[o]))
      return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                           "%s: the bias of output channel %zu is %g, which int8 can't be", function, o,
                           (double)plain->bias[o]);
  }
  return CARDINAL_OK;
}

void cardinal_conv_weights_point(cardinal_conv_weights *w, const void *packed) {
  w->weights = packed;
  w->bias = (const float *)packed + w->weight_words;
  w->scales = w->shape.format == CARDINAL_FORMAT_INT8 ? w->bias + w->bias_floats : NULL;
}

cardinal_status cardinal_conv_weights_make(const char *function, const cardinal_context *context,
                                           const cardinal_conv_desc *desc, const cardinal_plain_weights *plain,
                                           cardinal_conv_weights **made, cardinal_error *error) {
  cardinal_conv_desc d;
  cardinal_shape shape;
  cardinal_status status = cardinal_describe_weights(function, desc, &d, &shape, error);
  if (status)
    return status;
  if (!plain->bias != !d.has_bias)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: has_bias is %d, but bias is %s", function, d.has_bias,
                         plain->bias ? "given" : "NULL");
  cardinal_conv_weights sized = {.context = context, .has_bias = d.has_bias != 0};
  status = cardinal_conv_weights_measure(function, &shape, &sized, error);
  if (!status)
    status = check_weights(function, &sized, plain, error);
  if (status)
    return status;
  cardinal_conv_weights *w = cardinal_context_allocate(context, sizeof *w);
  if (!w)
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the weights", function);
  *w = sized;
  w->self = w;
  atomic_init(&w->holders, 1);
  w->memory_bytes = cardinal_conv_weights_bytes(w);
  w->memory = cardinal_context_allocate(context, w->memory_bytes);
  if (!w->memory) {
    status = cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for %zu bytes of packed weights", function,
                           w->memory_bytes);
    cardinal_context_free(context, w, sizeof *w);
    return status;
  }
  cardinal_conv_weights_point(w, w->memory);
  float *packed_bias = (float *)w->memory + w->weight_words;
  const cardinal_packed to = {
      .weights = w->memory, .bias = packed_bias, .scales = packed_bias + w->bias_floats, .panel_words = w->panel_words};
  cardinal_pack(&w->shape, &w->grouping, plain, &to);
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
  return cardinal_conv_weights_make(function, context, desc, &(cardinal_plain_weights){.floats = weights, .bias = bias},
                                    made, error);
}

cardinal_status cardinal_conv_weights_create_int8(const cardinal_context *context, const cardinal_conv_desc *desc,
                                                  const int8_t *weights, const float *scales, const float *bias,
                                                  cardinal_conv_weights **made, cardinal_error *error) {
  static const char function[] = "cardinal_conv_weights_create_int8";
  if (!context || !weights || !scales || !made)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function,
                         !context   ? "context"
                         : !weights ? "weights"
                         : !scales  ? "scales"
                                    : "made");
  cardinal_conv_desc d;
  cardinal_shape shape;
  const cardinal_status status = cardinal_describe_weights(function, desc, &d, &shape, error);
  if (status)
    return status;
  if (shape.format != CARDINAL_FORMAT_INT8)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: the format is %s, expected int8", function,
                         cardinal_format_name(shape.format));
  return cardinal_conv_weights_make(function, context, desc,
                                    &(cardinal_plain_weights){.steps = weights, .scales = scales, .bias = bias}, made,
                                    error);
}

cardinal_conv_weights *cardinal_conv_weights_hold(const cardinal_conv_weights *weights) {
  atomic_fetch_add_explicit(&weights->self->holders, 1, memory_order_relaxed);
  return weights->self;
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
  const size_t arrays = w->shape.format == CARDINAL_FORMAT_INT8 ? 2 : 1; /* bias, and scales */
  return w->weight_words * CARDINAL_CELL_BYTES + arrays * w->bias_floats * sizeof(float);
}
