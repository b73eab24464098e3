/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/fold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/common.h"

static const double norm_epsilon = 1e-5;

void cardinal_fold_free(cardinal_fold *fold) {
  free(fold->weights);
  free(fold->bias);
  free(fold->scales);
  free(fold->norm);
}

cardinal_status cardinal_fold_allocate(cardinal_fold *fold, size_t weights, size_t channels, cardinal_error *error) {
  *fold = (cardinal_fold){
      .weights = malloc(weights * sizeof *fold->weights),
      .bias = malloc(channels * sizeof *fold->bias),
      .scales = malloc(channels * sizeof *fold->scales),
      .norm = malloc(channels * 3 * sizeof *fold->norm),
  };
  if (fold->weights && fold->bias && fold->scales && fold->norm)
    return CARDINAL_OK;
  cardinal_fold_free(fold);
  return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to fold a layer of %zu weights", weights);
}

/* Whether all values are finite: none has all exponent bits set. Written so that compilers use vectors. */
static bool all_finite(const float *values, size_t count) {
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    found |= ((bits & 0x7F800000u) + 0x00800000u) & 0x80000000u;
  }
  return !found;
}

static const cardinal_tensor *find_part(const cardinal_weights *source, const char *layer, const char *part) {
  char name[64];
  snprintf(name, sizeof name, "%s.%s", layer, part);
  return cardinal_table_find(&source->table, name);
}

static cardinal_status say_not_finite(const cardinal_weights *source, const cardinal_tensor *tensor, size_t index,
                                      float value, cardinal_error *error) {
  return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                           "%s: tensor \"%s\": expected finite numbers, found %f as element %zu", source->label,
                           tensor->name, (double)value, index);
}

/* A vector of per-channel parameters. */
static cardinal_status fetch_vector(const cardinal_weights *source, const char *layer, const char *part, size_t count,
                                    float *to, cardinal_error *error) {
  const cardinal_tensor *tensor = find_part(source, layer, part);
  cardinal_status status = cardinal_weights_fetch(source, tensor, 0, count, to, error);
  for (size_t i = 0; !status && i < count; i++)
    if (!isfinite(to[i]))
      status = say_not_finite(source, tensor, i, to[i], error);
  return status;
}

/* A folded row wasn't finite: either the source's isn't, or the product overflowed. */
static cardinal_status explain_row(const cardinal_weights *source, const cardinal_tensor *tensor, size_t first,
                                   size_t count, float *row, cardinal_error *error) {
  cardinal_status status = cardinal_weights_fetch(source, tensor, first, count, row, error);
  if (status)
    return status;
  for (size_t i = 0; i < count; i++)
    if (!isfinite(row[i]))
      return say_not_finite(source, tensor, first + i, row[i], error);
  return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                           "%s: tensor \"%s\": output channel %zu times the scale of its batch norm overflows float",
                           source->label, tensor->name, first / count);
}

/* `scales` is NULL for all ones. */
static cardinal_status fetch_rows(const cardinal_weights *source, const cardinal_layer *layer, const double *scales,
                                  float *to, cardinal_error *error) {
  const cardinal_tensor *tensor = find_part(source, layer->name, "weight");
  size_t rows = (size_t)layer->out_channels, length = cardinal_layer_weights(layer) / rows;
  cardinal_status status = cardinal_weights_fetch(source, tensor, 0, rows * length, to, error);
  for (size_t row = 0; !status && row < rows; row++) {
    float *values = to + row * length;
    double scale = scales ? scales[row] : 1.0;
    for (size_t i = 0; i < length; i++)
      values[i] = (float)((double)values[i] * scale);
    if (!all_finite(values, length))
      status = explain_row(source, tensor, row * length, length, values, error);
  }
  return status;
}

/* y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, as one scale and one shift. */
static cardinal_status fold_norm(const cardinal_weights *source, const cardinal_layer *layer, cardinal_fold *fold,
                                 cardinal_error *error) {
  size_t channels = (size_t)layer->out_channels;
  float *bias = fold->bias, *gamma = fold->norm, *mean = gamma + channels, *variance = mean + channels;
  cardinal_status status = fetch_vector(source, layer->norm, "weight", channels, gamma, error);
  if (!status)
    status = fetch_vector(source, layer->norm, "bias", channels, bias, error);
  if (!status)
    status = fetch_vector(source, layer->norm, "running_mean", channels, mean, error);
  if (!status)
    status = fetch_vector(source, layer->norm, "running_var", channels, variance, error);
  for (size_t i = 0; !status && i < channels; i++) {
    if (variance[i] < 0.0f)
      return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                               "%s: tensor \"%s.running_var\": expected numbers of 0 or more, found %g as element %zu",
                               source->label, layer->norm, (double)variance[i], i);
    double scale = (double)gamma[i] / sqrt((double)variance[i] + norm_epsilon);
    fold->scales[i] = scale;
    bias[i] = (float)((double)bias[i] - (double)mean[i] * scale);
    if (!isfinite(bias[i]))
      return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                               "%s: batch norm \"%s\": the shift of channel %zu overflows float", source->label,
                               layer->norm, i);
  }
  return status;
}

cardinal_status cardinal_fold_layer(const cardinal_weights *source, const cardinal_layer *layer, cardinal_fold *fold,
                                    cardinal_error *error) {
  bool has_norm = layer->kind == CARDINAL_LAYER_CONV;
  cardinal_status status =
      has_norm ? fold_norm(source, layer, fold, error)
               : fetch_vector(source, layer->name, "bias", (size_t)layer->out_channels, fold->bias, error);
  return status ? status : fetch_rows(source, layer, has_norm ? fold->scales : NULL, fold->weights, error);
}
