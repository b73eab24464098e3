/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/operands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/memory.h"
#include "gauntlet/oracle.h"
#include "kernels/format.h"

static cardinal_reference_shape shape_of_conv(const gauntlet_problem *problem) {
  const cardinal_conv_desc *d = &problem->conv;
  return (cardinal_reference_shape){.batch = (size_t)d->batch,
                                    .groups = (size_t)d->groups,
                                    .in_channels = (size_t)d->in_channels,
                                    .in_height = (size_t)d->in_height,
                                    .in_width = (size_t)d->in_width,
                                    .out_channels = (size_t)d->out_channels,
                                    .out_height = (size_t)problem->out_height,
                                    .out_width = (size_t)problem->out_width,
                                    .window = cardinal_window_of_conv(d)};
}

/* Channels of a pool are groups of one. */
static cardinal_reference_shape shape_of_pool(const gauntlet_problem *problem) {
  const cardinal_pool_desc *d = &problem->pool;
  return (cardinal_reference_shape){.batch = (size_t)d->batch,
                                    .groups = (size_t)d->channels,
                                    .in_channels = (size_t)d->channels,
                                    .in_height = (size_t)d->in_height,
                                    .in_width = (size_t)d->in_width,
                                    .out_channels = (size_t)d->channels,
                                    .out_height = (size_t)problem->out_height,
                                    .out_width = (size_t)problem->out_width,
                                    .window = cardinal_window_of_pool(d)};
}

bool gauntlet_kind_applies(const gauntlet_problem *problem, data_kind kind) {
  if (problem->operation != CARDINAL_PLUGIN_CONV)
    return kind == DATA_RANDOM || kind == DATA_INTEGERS || kind == DATA_HARD || kind == DATA_SPECIAL;
  switch (problem->conv.format) {
  case CARDINAL_FORMAT_INT8: /* plans refuse scales that leave the range of floats */
    return kind != DATA_HARD && kind != DATA_TINY && kind != DATA_NEGATIVE_ZERO;
  case CARDINAL_FORMAT_BF16: /* the last step before flushing is for calls of micro-kernels, which draw again */
    return kind != DATA_TINY;
  default:
    return true;
  }
}

cardinal_format gauntlet_x_format(const gauntlet_problem *problem) {
  return problem->operation == CARDINAL_PLUGIN_CONV ? problem->conv.x_format : problem->pool.format;
}

cardinal_format gauntlet_y_format(const gauntlet_problem *problem) {
  return problem->operation == CARDINAL_PLUGIN_CONV ? problem->conv.y_format : problem->pool.format;
}

/* Floats that a run rounds to x: off it by less than half a step, and of int8 beyond the ends of its range. */
static float off_x(float x, const cardinal_conv_desc *d, gauntlet_random *random) {
  const float off = gauntlet_uniform(random);
  if (d->format == CARDINAL_FORMAT_BF16)
    return x * (1.0f + 0x1p-10f * off);
  if (gauntlet_between(random, 0, 3) == 0)
    x += x == 0.0f ? -3.0f : x == 127.0f ? 1000.0f : 0.0f;
  return (x + 0.49f * off) * d->x_scale;
}

/* What is multiplied follows from the weights as they are given by the rule of cardinal_conv_create: a channel's
 * largest weight is 127 steps. What is given are the steps that were drawn, times some scale. */
static void quantise(gauntlet_operands *o, const cardinal_conv_desc *d, gauntlet_random *random) {
  data_problem *p = &o->data;
  const size_t each = p->weight_floats / p->shape.out_channels;
  const double y_scale = d->y_format == CARDINAL_FORMAT_INT8 ? (double)d->y_scale : 1.0;
  o->weights = gauntlet_allocate(p->weight_floats, sizeof(float));
  o->bias = gauntlet_allocate(p->bias_floats, sizeof(float));
  for (size_t channel = 0; channel < p->shape.out_channels; ++channel) {
    float *steps = p->weights + channel * each, *given = o->weights + channel * each, most = 0.0f;
    const float some_scale = (1.0f + 0.5f * gauntlet_uniform(random)) / 127.0f;
    for (size_t i = 0; i < each; ++i) {
      given[i] = steps[i] * some_scale;
      most = fmaxf(most, fabsf(given[i]));
    }
    const float scale = most > 0.0f ? (float)((double)most / 127.0) : 1.0f;
    for (size_t i = 0; i < each; ++i)
      steps[i] = (float)nearbyint((double)given[i] / (double)scale);
    o->bias[channel] = (float)((double)p->bias[channel] * y_scale);
    p->bias[channel] = (float)((double)o->bias[channel] / y_scale);
    p->scale[channel] = (float)((double)d->x_scale * (double)scale / y_scale);
  }
  p->residual_scale =
      p->residual && d->y_format == CARDINAL_FORMAT_INT8 ? (float)((double)d->residual_scale / y_scale) : 1.0f;
}

static void make_conv(gauntlet_operands *o, const gauntlet_problem *problem, gauntlet_random *random) {
  const cardinal_conv_desc *d = &problem->conv;
  const data_wish wish = {.shape = shape_of_conv(problem),
                          .format = d->format,
                          .y_format = d->y_format,
                          .residual = d->has_residual,
                          .kind = o->kind};
  data_problem *p = &o->data;
  data_problem_make(p, &wish, random);
  if (!d->has_bias)
    memset(p->bias, 0, p->bias_floats * sizeof(float)); /* the reference's "no bias" */
  o->x = p->x;
  o->weights = p->weights;
  o->bias = p->bias;
  if (d->format == CARDINAL_FORMAT_INT8)
    quantise(o, d, random);
  if (d->x_format == d->format)
    return;
  o->x = gauntlet_allocate(p->x_floats, sizeof(float));
  for (size_t i = 0; i < p->x_floats; ++i)
    o->x[i] = off_x(p->x[i], d, random);
}

static void make_pool(gauntlet_operands *o, const gauntlet_problem *problem, gauntlet_random *random) {
  const cardinal_pool_desc *d = &problem->pool;
  data_problem *p = &o->data;
  *p = (data_problem){.shape = shape_of_pool(problem), .format = d->format, .y_format = d->format};
  const cardinal_reference_shape *s = &p->shape;
  p->x_floats = s->batch * s->in_channels * s->in_height * s->in_width;
  p->y_floats = s->batch * s->out_channels * s->out_height * s->out_width;
  p->x = o->x = gauntlet_allocate(p->x_floats, sizeof(float));
  for (size_t i = 0; i < p->x_floats; ++i)
    p->x[i] = data_draw_for_pool(d->format, o->kind, random);
  if (d->format == CARDINAL_FORMAT_INT8 && d->kind == CARDINAL_POOL_AVERAGE_GLOBAL)
    o->pool_scale = (float)((double)d->x_scale / ((double)d->y_scale * (double)(s->in_height * s->in_width)));
}

void gauntlet_operands_make(gauntlet_operands *operands, const gauntlet_problem *problem, data_kind kind,
                            uint64_t seed) {
  gauntlet_random random = {.state = seed};
  *operands = (gauntlet_operands){.kind = kind, .x_format = gauntlet_x_format(problem)};
  if (problem->operation == CARDINAL_PLUGIN_CONV)
    make_conv(operands, problem, &random);
  else
    make_pool(operands, problem, &random);
}

static void copy(float *to, const float *from, size_t floats) {
  if (to)
    memcpy(to, from, floats * sizeof *to);
}

void gauntlet_operands_copy(gauntlet_operands *to, const gauntlet_operands *from) {
  to->kind = from->kind;
  copy(to->data.x, from->data.x, to->data.x_floats);
  copy(to->data.weights, from->data.weights, to->data.weight_floats);
  copy(to->data.bias, from->data.bias, to->data.bias_floats);
  copy(to->data.residual, from->data.residual, to->data.y_floats);
}

void gauntlet_operands_free(gauntlet_operands *operands) {
  if (operands->x != operands->data.x)
    free(operands->x);
  if (operands->weights != operands->data.weights) {
    free(operands->weights);
    free(operands->bias);
  }
  data_problem_free(&operands->data);
}

/* Plane by plane through lane 0 of a block, which is what the pools' oracles work on. */
static void expected_of_pool(const gauntlet_problem *problem, const gauntlet_operands *operands, float *y) {
  const data_problem *p = &operands->data;
  const cardinal_reference_shape *s = &p->shape;
  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
  float *in = gauntlet_allocate(in_pixels * CARDINAL_BLOCK, sizeof *in);
  float *out = gauntlet_allocate(out_pixels * CARDINAL_BLOCK, sizeof *out);
  const cardinal_pool_args args = {.x = in,
                                   .y = out,
                                   .in_height = s->in_height,
                                   .in_width = s->in_width,
                                   .out_width = s->out_width,
                                   .row_end = s->out_height,
                                   .x_row = s->in_width * CARDINAL_BLOCK,
                                   .y_row = s->out_width * CARDINAL_BLOCK,
                                   .window = s->window,
                                   .lane_mask = 1,
                                   .scale = operands->pool_scale};
  for (size_t plane = 0; plane < s->batch * s->in_channels; ++plane) {
    for (size_t i = 0; i < in_pixels; ++i)
      gauntlet_number_store(p->format, in, i * CARDINAL_BLOCK, p->x[plane * in_pixels + i]);
    if (problem->operation == CARDINAL_PLUGIN_MAX_POOL)
      oracle_max_pool(&args, p->format);
    else
      oracle_average_pool(&args, p->format);
    for (size_t i = 0; i < out_pixels; ++i)
      y[plane * out_pixels + i] = gauntlet_number(p->format, out, i * CARDINAL_BLOCK);
  }
  free(in);
  free(out);
}

float *gauntlet_expected(const gauntlet_problem *problem, const gauntlet_operands *operands) {
  const data_problem *p = &operands->data;
  float *y = gauntlet_allocate(p->y_floats, sizeof *y);
  if (problem->operation == CARDINAL_PLUGIN_CONV)
    oracle_plain(p, problem->conv.has_relu, y);
  else
    expected_of_pool(problem, operands, y);
  return y;
}

size_t gauntlet_tensor_floats(cardinal_layout layout, size_t batch, size_t channels, size_t pixels) {
  return batch * pixels * (layout == CARDINAL_LAYOUT_BLOCKED16 ? (channels + 15) / 16 * 16 : channels);
}

size_t gauntlet_tensor_index(cardinal_layout layout, size_t channels, size_t pixels, size_t image, size_t channel,
                             size_t pixel) {
  switch (layout) {
  case CARDINAL_LAYOUT_NCHW:
    return (image * channels + channel) * pixels + pixel;
  case CARDINAL_LAYOUT_NHWC:
    return (image * pixels + pixel) * channels + channel;
  default:
    return ((image * ((channels + 15) / 16) + channel / 16) * pixels + pixel) * 16 + channel % 16;
  }
}

void gauntlet_tensor_spread_numbers(cardinal_layout layout, cardinal_format format, void *to, const float *nchw,
                                    size_t batch, size_t channels, size_t pixels) {
  memset(to, 0, gauntlet_tensor_floats(layout, batch, channels, pixels) * cardinal_format_bytes(format));
  for (size_t n = 0; n < batch; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < pixels; ++p)
        gauntlet_number_store(format, to, gauntlet_tensor_index(layout, channels, pixels, n, c, p), *nchw++);
}

void gauntlet_tensor_spread(cardinal_layout layout, float *to, const float *nchw, size_t batch, size_t channels,
                            size_t pixels) {
  gauntlet_tensor_spread_numbers(layout, CARDINAL_FORMAT_F32, to, nchw, batch, channels, pixels);
}
