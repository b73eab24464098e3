/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/screen_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/number.h"

enum {
  SEED = 1,
  MOST = 127
};

/* Each pattern's name says what it does to the wires: any bits; all bits of neighbouring values unlike; exponents far
 * apart, so that sums shift and round; mostly zeros, as after a ReLU. All are finite, and exact on every machine. */
static float draw(unsigned pattern, size_t index, gauntlet_random *random) {
  const float value = gauntlet_uniform(random);
  switch (pattern) {
  case 1:
    return index % 2 ? -0x1.555554p-1f : 0x1.AAAAAAp-2f;
  case 2:
    return ldexpf(value, (int)gauntlet_integer(random, -20, 20));
  case 3:
    return gauntlet_between(random, 0, 3) ? 0.0f : value;
  default:
    return value;
  }
}

/* The same of steps of int8, from `least` to 127: wide ones are powers of two. */
static float draw_steps(unsigned pattern, size_t index, int least, gauntlet_random *random) {
  const int value = (int)gauntlet_integer(random, least, MOST);
  const int power = 1 << gauntlet_integer(random, 0, 6);
  switch (pattern) {
  case 1:
    return least < 0 ? (index % 2 ? -0x56 : 0x55) : (index % 2 ? 0x2A : 0x55);
  case 2:
    return (float)(value < 0 ? -power : power);
  case 3:
    return (float)(gauntlet_between(random, 0, 3) ? 0 : value);
  default:
    return (float)value;
  }
}

typedef struct filling {
  unsigned pattern;
  gauntlet_random random;
} filling;

static void fill(filling *f, float *values, size_t count, size_t phase) {
  for (size_t i = 0; values && i < count; ++i)
    values[i] = draw(f->pattern, i + (phase ? i / phase : 0), &f->random);
}

static void fill_steps(filling *f, float *values, size_t count, size_t phase, int least) {
  for (size_t i = 0; values && i < count; ++i)
    values[i] = draw_steps(f->pattern, i + (phase ? i / phase : 0), least, &f->random);
}

static void round_all(cardinal_format format, float *values, size_t count) {
  for (size_t i = 0; values && i < count; ++i)
    values[i] = gauntlet_round(format, values[i]);
}

/* What the kernel gets may be other floats than those that are multiplied: an x that a run rounds. */
static void make_floats(gauntlet_operands *o, filling *f) {
  data_problem *data = &o->data;
  fill(f, data->x, data->x_floats, 0);
  if (o->x != data->x)
    memcpy(o->x, data->x, data->x_floats * sizeof *o->x);
  fill(f, data->weights, data->weight_floats, 3);
  fill(f, data->bias, data->bias_floats, 0);
  fill(f, data->residual, data->y_floats, 0);
  if (data->format == CARDINAL_FORMAT_F32)
    return;
  round_all(data->format, data->x, data->x_floats);
  round_all(data->format, data->weights, data->weight_floats);
  round_all(data->y_format, data->residual, data->y_floats);
}

/* The weights of a convolution in int8, its scales and its bias. */
static bool make_steps(screen_data *made, const cardinal_conv_desc *conv, filling *f) {
  gauntlet_operands *o = &made->operands;
  data_problem *data = &o->data;
  const size_t channels = data->bias_floats;
  const double y_scale = data->y_format == CARDINAL_FORMAT_INT8 ? (double)conv->y_scale : 1.0;
  made->steps = malloc(data->weight_floats);
  made->step_scales = malloc(channels * sizeof *made->step_scales);
  if (!made->steps || !made->step_scales)
    return false;
  fill_steps(f, data->weights, data->weight_floats, 3, -MOST);
  for (size_t i = 0; i < data->weight_floats; ++i)
    made->steps[i] = (int8_t)data->weights[i];
  fill(f, o->bias, channels, 0);
  for (size_t c = 0; c < channels; ++c) {
    made->step_scales[c] = (float)(8 + c % 8) / (8 * MOST);
    data->scale[c] = (float)((double)conv->x_scale * (double)made->step_scales[c] / y_scale);
    data->bias[c] = (float)((double)o->bias[c] / y_scale);
  }
  return true;
}

bool screen_data_make(screen_data *made, const gauntlet_problem *problem, unsigned pattern) {
  filling f = {.pattern = pattern, .random = {.state = SEED + pattern}};
  const bool is_conv = problem->operation == CARDINAL_PLUGIN_CONV;
  data_problem *data = &made->operands.data;
  *made = (screen_data){.steps = NULL};
  gauntlet_operands_make(&made->operands, problem, DATA_RANDOM, SEED);
  if (data->format != CARDINAL_FORMAT_INT8) {
    make_floats(&made->operands, &f);
    return true;
  }
  fill_steps(&f, data->x, data->x_floats, 0, is_conv ? 0 : -MOST);
  if (data->residual)
    fill_steps(&f, data->residual, data->y_floats, 0, -MOST);
  return !is_conv || make_steps(made, &problem->conv, &f);
}

void screen_data_free(screen_data *data) {
  gauntlet_operands_free(&data->operands);
  free(data->steps);
  free(data->step_scales);
}
