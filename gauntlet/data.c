/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/data.h"

#include <math.h>
#include <stdlib.h>

#include "gauntlet/memory.h"

const char *data_kind_name(data_kind kind) {
  static const char *const names[] = {"random", "integers",      "hot input", "hot weight",
                                      "hard",   "negative zero", "special"};
  return names[kind];
}

/* One value for kinds that draw each value by itself. */
static float draw(data_kind kind, gauntlet_random *random) {
  switch (kind) {
  case DATA_INTEGERS:
    return (float)gauntlet_integer(random, -8, 8);
  case DATA_HARD:
    return gauntlet_hard_float(random);
  case DATA_SPECIAL:
    return gauntlet_special_float(random);
  default:
    return gauntlet_uniform(random);
  }
}

static void fill(float *values, size_t count, data_kind kind, gauntlet_random *random) {
  for (size_t i = 0; i < count; ++i)
    values[i] = draw(kind, random);
}

static void fill_constant(float *values, size_t count, float value) {
  for (size_t i = 0; i < count; ++i)
    values[i] = value;
}

/* Whether tap `k` of a direction lies inside the image for any output. */
static bool tap_used(size_t out, size_t stride, size_t k, size_t dilation, size_t pad, size_t in) {
  for (size_t o = 0; o < out; ++o) {
    const int64_t position = (int64_t)(o * stride + k * dilation) - (int64_t)pad;
    if (position >= 0 && position < (int64_t)in)
      return true;
  }
  return false;
}

static void poison_skipped_taps(data_problem *p) {
  const cardinal_reference_shape *s = &p->shape;
  const size_t taps = s->window.kernel_h * s->window.kernel_w;
  for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
    for (size_t kx = 0; kx < s->window.kernel_w; ++kx)
      if (!tap_used(s->out_height, s->window.stride_h, ky, s->window.dilation_h, s->window.pad_top, s->in_height) ||
          !tap_used(s->out_width, s->window.stride_w, kx, s->window.dilation_w, s->window.pad_left, s->in_width))
        for (size_t oc = 0; oc < p->weight_floats / taps; ++oc)
          p->weights[oc * taps + ky * s->window.kernel_w + kx] = oc % 2 ? INFINITY : NAN;
}

void data_problem_make(data_problem *p, const cardinal_reference_shape *shape, bool residual, data_kind kind,
                       gauntlet_random *random) {
  const cardinal_reference_shape *s = shape;
  *p = (data_problem){.shape = *shape};
  p->x_floats = s->batch * s->in_channels * s->in_height * s->in_width;
  p->weight_floats = s->out_channels * (s->in_channels / s->groups) * s->window.kernel_h * s->window.kernel_w;
  p->bias_floats = s->out_channels;
  p->y_floats = s->batch * s->out_channels * s->out_height * s->out_width;
  p->x = gauntlet_allocate(p->x_floats, sizeof(float));
  p->weights = gauntlet_allocate(p->weight_floats, sizeof(float));
  p->bias = gauntlet_allocate(p->bias_floats, sizeof(float));
  p->residual = residual ? gauntlet_allocate(p->y_floats, sizeof(float)) : NULL;

  switch (kind) {
  case DATA_HOT_INPUT:
    p->x[gauntlet_between(random, 0, p->x_floats - 1)] = gauntlet_uniform(random);
    fill(p->weights, p->weight_floats, kind, random);
    break;
  case DATA_HOT_WEIGHT:
    fill(p->x, p->x_floats, kind, random);
    p->weights[gauntlet_between(random, 0, p->weight_floats - 1)] = gauntlet_uniform(random);
    break;
  case DATA_NEGATIVE_ZERO:
    fill_constant(p->x, p->x_floats, -0.0f);
    fill_constant(p->weights, p->weight_floats, 1.0f);
    fill_constant(p->bias, p->bias_floats, -0.0f);
    if (residual)
      fill_constant(p->residual, p->y_floats, -0.0f);
    break;
  default:
    fill(p->x, p->x_floats, kind, random);
    fill(p->weights, p->weight_floats, kind, random);
    fill(p->bias, p->bias_floats, kind, random);
    if (residual)
      fill(p->residual, p->y_floats, kind, random);
  }
  if (kind != DATA_RANDOM && kind != DATA_HARD && kind != DATA_SPECIAL)
    poison_skipped_taps(p);
}

void data_problem_free(data_problem *p) {
  free(p->x);
  free(p->weights);
  free(p->bias);
  free(p->residual);
}

void data_check_start(data_check *check, const data_problem *p, data_kind kind, int relu) {
  *check = (data_check){.problem = p, .kind = kind, .relu = relu};
  if (kind == DATA_HARD || kind == DATA_SPECIAL)
    return;
  check->reference = gauntlet_allocate(p->y_floats, sizeof(double));
  check->magnitude = gauntlet_allocate(p->y_floats, sizeof(double));
  check->products = cardinal_reference_products(&p->shape);
  cardinal_reference_conv(&p->shape, p->x, p->weights, p->bias, p->residual, relu, check->reference, check->magnitude);
}

void data_check_end(data_check *check) {
  free(check->reference);
  free(check->magnitude);
}

bool data_check_value(const data_check *check, size_t at, float value) {
  switch (check->kind) {
  case DATA_HARD:
  case DATA_SPECIAL:
    return true;
  case DATA_RANDOM:
    return fabs((double)value - check->reference[at]) <=
           cardinal_reference_bound(check->products, check->magnitude[at]);
  default:
    return gauntlet_same(value, (float)check->reference[at]);
  }
}
