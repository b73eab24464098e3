/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/int8.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/fpenv.h"
#include "net/common.h"
#include "net/quantised.h"

enum {
  BLOCK = 16,
  MOST = 127
};

/* ---- descriptions ---------------------------------------------------------------------------------------------- */

/* Padding stands for a 0, which images have as another number than 0; so the stem finds a border around them. */
static void describe_stem(cardinal_step *step) {
  cardinal_conv_desc *d = &step->conv;
  d->x_layout = CARDINAL_LAYOUT_BLOCKED16;
  d->in_height += d->pad_top + d->pad_bottom;
  d->in_width += d->pad_left + d->pad_right;
  d->pad_top = d->pad_left = d->pad_bottom = d->pad_right = 0;
}

/* `scales` are of the values that have been written so far. */
static cardinal_status describe_step(cardinal_step *step, const cardinal_weights *weights, float *scales,
                                     cardinal_error *error) {
  const cardinal_layer *layer = &step->shape;
  const float x_scale = scales[layer->x], residual_scale = scales[layer->y];
  step->scale = x_scale;
  if (layer->y != CARDINAL_VALUE_LOGITS && layer->kind != CARDINAL_LAYER_MAX_POOL) {
    const cardinal_status status = cardinal_quantised_output_scale(weights, layer->name, &step->scale, error);
    if (status)
      return status;
  }
  scales[layer->y] = step->scale;
  if (cardinal_step_pools(step)) {
    step->pool.x_scale = x_scale;
    step->pool.y_scale = step->scale;
    return CARDINAL_OK;
  }
  step->conv.x_format = CARDINAL_FORMAT_INT8;
  step->conv.x_scale = x_scale;
  step->conv.y_scale = step->scale;
  step->conv.residual_scale = residual_scale;
  if (layer->x == CARDINAL_VALUE_IMAGES)
    describe_stem(step);
  return CARDINAL_OK;
}

cardinal_status cardinal_int8_describe(cardinal_net *net, const cardinal_weights *weights, cardinal_error *error) {
  float *scales = calloc(net->value_count, sizeof *scales);
  if (!scales)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for the scales of %zu values", net->value_count);
  /* The stem's weights have the images' scales in them. */
  scales[CARDINAL_VALUE_IMAGES] = 1.0f;
  cardinal_status status = cardinal_quantised_fetch_input(weights, &net->input, error);
  for (size_t i = 0; !status && i < net->step_count; i++)
    status = describe_step(&net->steps[i], weights, scales, error);
  free(scales);
  return status;
}

void cardinal_int8_describe_alike(cardinal_net *net, const cardinal_net *with) {
  net->input = with->input;
  for (size_t i = 0; i < net->step_count; i++) {
    cardinal_step *step = &net->steps[i];
    const cardinal_step *like = &with->steps[i];
    step->scale = like->scale;
    step->pool.x_scale = like->pool.x_scale;
    step->pool.y_scale = like->pool.y_scale;
    step->conv.x_format = like->conv.x_format;
    step->conv.x_scale = like->conv.x_scale;
    step->conv.y_scale = like->conv.y_scale;
    step->conv.residual_scale = like->conv.residual_scale;
    if (step->shape.x == CARDINAL_VALUE_IMAGES)
      describe_stem(step);
  }
}

/* ---- weights --------------------------------------------------------------------------------------------------- */

/* Each weight of an output channel is multiplied by q - zero, of which the plan has only q. */
static void take_zeros_into_bias(const cardinal_net *net, const cardinal_layer *stem, cardinal_quantised_layer *q) {
  const size_t taps = (size_t)(stem->kernel * stem->kernel);
  const int8_t *w = q->weights;
  for (size_t o = 0; o < (size_t)stem->out_channels; o++) {
    int32_t sum = 0;
    for (size_t c = 0; c < CARDINAL_IMAGE_CHANNELS; c++)
      for (size_t k = 0; k < taps; k++)
        sum += *w++ * net->input.zero[c];
    q->bias[o] = (float)((double)q->bias[o] - (double)sum * (double)q->weight_scales[o]);
  }
}

static cardinal_status pack_step(cardinal_net *net, size_t i, const cardinal_weights *weights,
                                 cardinal_quantised_layer *q, cardinal_error *error) {
  const cardinal_step *step = &net->steps[i];
  cardinal_status status = cardinal_quantised_fetch(weights, &step->shape, q, error);
  if (status)
    return status;
  if (step->shape.x == CARDINAL_VALUE_IMAGES)
    take_zeros_into_bias(net, &step->shape, q);
  return cardinal_conv_weights_create_int8(net->context, &step->conv, q->weights, q->weight_scales, q->bias,
                                           &net->packed->of[i], error);
}

cardinal_status cardinal_int8_pack(cardinal_net *net, const cardinal_weights *weights, cardinal_error *error) {
  size_t most_weights, channels;
  cardinal_net_largest_layer(net, &most_weights, &channels);
  cardinal_quantised_layer q = {.weights = malloc(most_weights),
                                .weight_scales = malloc(channels * sizeof *q.weight_scales),
                                .bias = malloc(channels * sizeof *q.bias)};
  cardinal_status status = CARDINAL_OK;
  if (!q.weights || !q.weight_scales || !q.bias)
    status = cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for a layer of %zu weights", most_weights);
  for (size_t i = 0; !status && i < net->step_count; i++)
    if (!cardinal_step_pools(&net->steps[i]))
      status = pack_step(net, i, weights, &q, error);
  free(q.weights);
  free(q.weight_scales);
  free(q.bias);
  return status;
}

/* ---- images ---------------------------------------------------------------------------------------------------- */

cardinal_status cardinal_int8_image_bytes(const cardinal_net *net, size_t *bytes) {
  const cardinal_conv_desc *d = &net->steps[0].conv;
  return cardinal_tensor_floats(d->x_layout, d->batch, d->in_channels, d->in_height, d->in_width, bytes);
}

/* What values of a colour become, `shift` bits up in each of `cells`. */
static void round_colour(const float *from, size_t count, float scale, int32_t zero, int shift, uint32_t *cells) {
  /* Added to a number of that size, it leaves float no place for fractions: it is rounded to the nearest whole one. */
  const float whole = 0x1.8p23f;
  const float least = (float)-zero, most = (float)(MOST - zero);
  for (size_t i = 0; i < count; i++) {
    float steps = from[i] / scale;
    steps = steps > least ? steps : least;
    steps = steps < most ? steps : most;
    cells[i] |= (uint32_t)((int32_t)((steps + whole) - whole) + zero) << shift;
  }
}

/* A row of an image. The stem reads whole cells: the three colours, and a fourth number that no weight is for. */
static void round_row(const cardinal_quantised_input *input, const float *from, size_t plane, size_t columns,
                      int8_t *to) {
  enum {
    AT_ONCE = 64
  };
  for (size_t first = 0; first < columns; first += AT_ONCE) {
    const size_t count = columns - first < AT_ONCE ? columns - first : AT_ONCE;
    uint32_t cells[AT_ONCE] = {0};
    for (int c = 0; c < CARDINAL_IMAGE_CHANNELS; c++)
      round_colour(from + (size_t)c * plane + first, count, input->scale[c], input->zero[c], 8 * c, cells);
    for (size_t i = 0; i < count; i++)
      memcpy(to + (first + i) * BLOCK, &cells[i], sizeof cells[i]);
  }
}

/* Pixels that mean 0; returns where they end. */
static int8_t *fill_pixels(const cardinal_quantised_input *input, int8_t *to, size_t pixels) {
  const int8_t cell[4] = {input->zero[0], input->zero[1], input->zero[2], 0};
  for (size_t i = 0; i < pixels; i++)
    memcpy(to + i * BLOCK, cell, sizeof cell);
  return to + pixels * BLOCK;
}

void cardinal_int8_take_images(const cardinal_net *net, const float *images, void *to) {
  const cardinal_step *stem = &net->steps[0];
  const size_t border = (size_t)stem->shape.padding, rows = (size_t)stem->shape.in_height,
               columns = (size_t)stem->shape.in_width, width = columns + 2 * border, plane = rows * columns;
  int8_t *at = to;
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  for (int64_t image = 0; image < net->batch; image++, images += CARDINAL_IMAGE_CHANNELS * plane) {
    at = fill_pixels(&net->input, at, border * width);
    for (size_t row = 0; row < rows; row++) {
      at = fill_pixels(&net->input, at, border);
      round_row(&net->input, images + row * columns, plane, columns, at);
      at = fill_pixels(&net->input, at + columns * BLOCK, border);
    }
    at = fill_pixels(&net->input, at, border * width);
  }
  cardinal_fp_leave(caller);
}
