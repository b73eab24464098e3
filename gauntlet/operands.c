/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/operands.h"

#include <stdlib.h>
#include <string.h>

#include "gauntlet/memory.h"
#include "gauntlet/oracle.h"

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

/* Pools see ties and both zeros, too. */
static float draw_for_pool(data_kind kind, gauntlet_random *random) {
  switch (kind) {
  case DATA_INTEGERS:
    return (float)gauntlet_integer(random, -3, 3) * (gauntlet_between(random, 0, 1) ? 1.0f : -1.0f);
  case DATA_HARD:
    return gauntlet_hard_float(random);
  case DATA_SPECIAL:
    return gauntlet_special_float(random);
  default:
    return gauntlet_uniform(random);
  }
}

bool gauntlet_kind_applies(cardinal_plugin_operation operation, data_kind kind) {
  return operation == CARDINAL_PLUGIN_CONV || kind == DATA_RANDOM || kind == DATA_INTEGERS || kind == DATA_HARD ||
         kind == DATA_SPECIAL;
}

void gauntlet_operands_make(gauntlet_operands *operands, const gauntlet_problem *problem, data_kind kind,
                            uint64_t seed) {
  gauntlet_random random = {.state = seed};
  operands->kind = kind;
  data_problem *p = &operands->data;
  if (problem->operation == CARDINAL_PLUGIN_CONV) {
    const data_wish wish = {.shape = shape_of_conv(problem), .residual = problem->conv.has_residual, .kind = kind};
    data_problem_make(p, &wish, &random);
    if (!problem->conv.has_bias)
      memset(p->bias, 0, p->bias_floats * sizeof(float)); /* the reference's "no bias" */
    return;
  }
  *p = (data_problem){.shape = shape_of_pool(problem)};
  const cardinal_reference_shape *s = &p->shape;
  p->x_floats = s->batch * s->in_channels * s->in_height * s->in_width;
  p->y_floats = s->batch * s->out_channels * s->out_height * s->out_width;
  p->x = gauntlet_allocate(p->x_floats, sizeof(float));
  for (size_t i = 0; i < p->x_floats; ++i)
    p->x[i] = draw_for_pool(kind, &random);
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
  data_problem_free(&operands->data);
}

/* Plane by plane through lane 0 of a block, which is what the pools' oracles work on. */
static void expected_of_pool(const gauntlet_problem *problem, const data_problem *p, float *y) {
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
                                   .lane_mask = 1};
  for (size_t plane = 0; plane < s->batch * s->in_channels; ++plane) {
    for (size_t i = 0; i < in_pixels; ++i)
      in[i * CARDINAL_BLOCK] = p->x[plane * in_pixels + i];
    if (problem->operation == CARDINAL_PLUGIN_MAX_POOL)
      oracle_max_pool(&args, CARDINAL_FORMAT_F32);
    else
      oracle_average_pool(&args, CARDINAL_FORMAT_F32);
    for (size_t i = 0; i < out_pixels; ++i)
      y[plane * out_pixels + i] = out[i * CARDINAL_BLOCK];
  }
  free(in);
  free(out);
}

float *gauntlet_expected(const gauntlet_problem *problem, const gauntlet_operands *operands) {
  const data_problem *p = &operands->data;
  float *y = gauntlet_allocate(p->y_floats, sizeof *y);
  if (problem->operation == CARDINAL_PLUGIN_CONV)
    oracle_plain_conv(&p->shape, p->x, p->weights, p->bias, p->residual, problem->conv.has_relu, y);
  else
    expected_of_pool(problem, p, y);
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

void gauntlet_tensor_spread(cardinal_layout layout, float *to, const float *nchw, size_t batch, size_t channels,
                            size_t pixels) {
  memset(to, 0, gauntlet_tensor_floats(layout, batch, channels, pixels) * sizeof(float));
  for (size_t n = 0; n < batch; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < pixels; ++p)
        to[gauntlet_tensor_index(layout, channels, pixels, n, c, p)] = *nchw++;
}
