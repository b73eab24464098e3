/* SPDX-License-Identifier: BSD-3-Clause */
/* A job's outputs by the gauntlet's oracle: no kernel, no packing, no blocks. */
#include <stdlib.h>
#include <string.h>

#include "gauntlet/number.h"
#include "net/fold.h"
#include "net/int8.h"
#include "net/network.h"
#include "net/quantised.h"
#include "tools/screen_work.h"

static void put(const screen_job *job, size_t part, const float *nchw, char *outputs) {
  const screen_part *p = &job->parts[part];
  const size_t pixels = (size_t)(p->problem.out_height * p->problem.out_width);
  gauntlet_tensor_spread_numbers(p->layout, p->format, outputs + p->offset, nchw, 1, screen_part_elements(p) / pixels,
                                 pixels);
}

/* ---- weights of a network's layer, in place of the operands' own ------------------------------------------------ */

static bool fold_into(const screen_job *job, const cardinal_layer *layer, data_problem *data) {
  const size_t channels = (size_t)layer->out_channels;
  cardinal_fold fold = {.weights = data->weights,
                        .bias = data->bias,
                        .scales = malloc(channels * sizeof(double)),
                        .norm = malloc(3 * channels * sizeof(float))};
  const bool folded = fold.scales && fold.norm && !cardinal_fold_layer(job->weights, layer, &fold, NULL);
  free(fold.scales);
  free(fold.norm);
  for (size_t i = 0; folded && data->format == CARDINAL_FORMAT_BF16 && i < data->weight_floats; ++i)
    data->weights[i] = gauntlet_round(CARDINAL_FORMAT_BF16, data->weights[i]);
  return folded;
}

/* The stem's images have numbers that stand for 0, which the bias takes off again: by its channels' sums of weights. */
static double zeros_of(const screen_job *job, const int8_t *weights, size_t taps) {
  double sum = 0.0;
  for (size_t c = 0; c < CARDINAL_IMAGE_CHANNELS; ++c)
    for (size_t k = 0; k < taps; ++k)
      sum += (double)(*weights++ * job->net->input.zero[c]);
  return sum;
}

/* The same in int8: the steps, with what one of a sum is worth, and the bias, both in steps of y. */
static bool steps_into(const screen_job *job, const cardinal_step *step, data_problem *data) {
  const cardinal_layer *layer = &step->shape;
  const size_t channels = (size_t)layer->out_channels, each = data->weight_floats / channels;
  const double y_scale = data->y_format == CARDINAL_FORMAT_INT8 ? (double)step->conv.y_scale : 1.0;
  cardinal_quantised_layer q = {.weights = malloc(data->weight_floats),
                                .weight_scales = malloc(channels * sizeof(float)),
                                .bias = malloc(channels * sizeof(float))};
  const bool fetched =
      q.weights && q.weight_scales && q.bias && !cardinal_quantised_fetch(job->weights, layer, &q, NULL);
  for (size_t i = 0; fetched && i < data->weight_floats; ++i)
    data->weights[i] = (float)q.weights[i];
  for (size_t o = 0; fetched && o < channels; ++o) {
    if (layer->x == CARDINAL_VALUE_IMAGES)
      q.bias[o] = (float)((double)q.bias[o] - zeros_of(job, q.weights + o * each, each / CARDINAL_IMAGE_CHANNELS) *
                                                  (double)q.weight_scales[o]);
    data->scale[o] = (float)((double)step->conv.x_scale * (double)q.weight_scales[o] / y_scale);
    data->bias[o] = (float)((double)q.bias[o] / y_scale);
  }
  free(q.weights);
  free(q.weight_scales);
  free(q.bias);
  return fetched;
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

/* What the stem multiplies: the image, rounded; of int8 with a border. */
static bool images_into(const screen_job *job, data_problem *data) {
  const cardinal_format format = data->format;
  if (format != CARDINAL_FORMAT_INT8) {
    for (size_t i = 0; i < data->x_floats; ++i)
      data->x[i] = format == CARDINAL_FORMAT_F32 ? job->image[i] : gauntlet_round(format, job->image[i]);
    return true;
  }
  const size_t pixels = data->shape.in_height * data->shape.in_width;
  size_t bytes = 0;
  int8_t *taken = cardinal_int8_image_bytes(job->net, &bytes) ? NULL : calloc(bytes, 1);
  if (!taken)
    return false;
  cardinal_int8_take_images(job->net, job->image, taken);
  for (size_t i = 0; i < data->x_floats; ++i)
    data->x[i] = (float)taken[gauntlet_tensor_index(CARDINAL_LAYOUT_BLOCKED16, CARDINAL_IMAGE_CHANNELS, pixels, 0,
                                                    i / pixels, i % pixels)];
  free(taken);
  return true;
}

/* Computes the value that a step gives from those before it, NCHW. */
static float *step_value(const screen_job *job, size_t at, float *const *values) {
  const cardinal_step *step = &job->net->steps[at];
  const gauntlet_problem *problem = &job->parts[at].problem;
  gauntlet_operands operands;
  gauntlet_operands_make(&operands, problem, DATA_RANDOM, 0);
  data_problem *data = &operands.data;
  bool ready = true;
  if (step->shape.x == CARDINAL_VALUE_IMAGES)
    ready = images_into(job, data);
  else
    memcpy(data->x, values[step->shape.x], data->x_floats * sizeof *data->x);
  if (problem->operation == CARDINAL_PLUGIN_CONV) {
    const float *before = values[step->shape.y];
    ready = ready && (before || !data->residual) &&
            (data->format == CARDINAL_FORMAT_INT8 ? steps_into(job, step, data) : fold_into(job, &step->shape, data));
    if (ready && before && data->residual)
      memcpy(data->residual, before, data->y_floats * sizeof *before);
  }
  float *y = ready ? gauntlet_expected(problem, &operands) : NULL;
  gauntlet_operands_free(&operands);
  return y;
}

static bool run_net(const screen_job *job, char *outputs) {
  uint32_t most = 0;
  for (size_t i = 0; i < job->net->step_count; ++i)
    most = job->net->steps[i].shape.y > most ? job->net->steps[i].shape.y : most;
  float **values = calloc(most + 1, sizeof *values);
  bool right = values;
  for (size_t i = 0; right && i < job->net->step_count; ++i) {
    const uint32_t y = job->net->steps[i].shape.y;
    float *value = step_value(job, i, values);
    free(values[y]);
    values[y] = value;
    right = value;
    if (right)
      put(job, i, value, outputs);
  }
  for (size_t i = 0; values && i <= most; ++i)
    free(values[i]);
  free(values);
  return right;
}

char *screen_oracle(const screen_job *job) {
  char *outputs = calloc(job->bytes, 1);
  if (!outputs)
    return NULL;
  bool made;
  if (job->net) {
    made = run_net(job, outputs);
  } else {
    float *y = gauntlet_expected(&job->parts->problem, &job->data.operands);
    put(job, 0, y, outputs);
    free(y);
    made = true;
  }
  if (made)
    return outputs;
  free(outputs);
  return NULL;
}
