/* SPDX-License-Identifier: BSD-3-Clause */
/* A job's outputs by the gauntlet's oracle: no kernel, no packing, no blocks. */
#include <stdlib.h>
#include <string.h>

#include "net/fold.h"
#include "net/network.h"
#include "tools/screen_work.h"

static void put(const screen_job *job, size_t part, const float *nchw, float *outputs) {
  const screen_part *p = &job->parts[part];
  const size_t pixels = (size_t)(p->problem.out_height * p->problem.out_width);
  gauntlet_tensor_spread(p->layout, outputs + p->offset, nchw, 1, screen_part_elements(p) / pixels, pixels);
}

/* Folded weights of one layer in place of the operands' own. */
static bool fold_into(const screen_job *job, const cardinal_layer *layer, data_problem *data) {
  const size_t channels = (size_t)layer->out_channels;
  cardinal_fold fold = {.weights = data->weights,
                        .bias = data->bias,
                        .scales = malloc(channels * sizeof(double)),
                        .norm = malloc(3 * channels * sizeof(float))};
  const bool folded = fold.scales && fold.norm && !cardinal_fold_layer(job->weights, layer, &fold, NULL);
  free(fold.scales);
  free(fold.norm);
  return folded;
}

/* Computes the value that a step gives from those before it, NCHW. */
static float *step_value(const screen_job *job, size_t at, float *const *values) {
  const cardinal_step *step = &job->net->steps[at];
  const gauntlet_problem *problem = &job->parts[at].problem;
  gauntlet_operands operands;
  gauntlet_operands_make(&operands, problem, DATA_RANDOM, 0);
  data_problem *data = &operands.data;
  const float *x = step->shape.x == CARDINAL_VALUE_IMAGES ? job->image : values[step->shape.x];
  memcpy(data->x, x, data->x_floats * sizeof *x);
  bool ready = true;
  if (problem->operation == CARDINAL_PLUGIN_CONV) {
    const float *before = values[step->shape.y];
    ready = fold_into(job, &step->shape, data) && (before || !data->residual);
    if (ready && data->residual)
      memcpy(data->residual, before, data->y_floats * sizeof *x);
  }
  float *y = ready ? gauntlet_expected(problem, &operands) : NULL;
  gauntlet_operands_free(&operands);
  return y;
}

static bool run_net(const screen_job *job, float *outputs) {
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

float *screen_oracle(const screen_job *job) {
  float *outputs = calloc(job->floats, sizeof *outputs);
  if (!outputs)
    return NULL;
  bool made;
  if (job->net) {
    made = run_net(job, outputs);
  } else {
    float *y = gauntlet_expected(&job->parts->problem, &job->operands);
    put(job, 0, y, outputs);
    free(y);
    made = true;
  }
  if (made)
    return outputs;
  free(outputs);
  return NULL;
}
