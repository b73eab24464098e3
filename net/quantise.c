/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/quantise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/fpenv.h"
#include "net/common.h"
#include "net/fold.h"
#include "net/network.h"

/* What a step of 127 up to `end` is worth. */
static float scale_of(double end) {
  const float scale = (float)(end / CARDINAL_STEPS);
  return scale > 0 ? scale : 1.0f;
}

static int8_t nearest_step(double value) {
  const double most = CARDINAL_STEPS;
  return (int8_t)lrint(value < -most ? -most : value > most ? most : value);
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

/* Where a tensor of the new weights lies. */
static void *place(const cardinal_weights *to, const char *layer, const char *part) {
  char name[64];
  snprintf(name, sizeof name, "%s.%s", layer, part);
  return to->memory + cardinal_table_find(&to->table, name)->begin;
}

/* Floats there may lie anywhere. */
static void put_floats(const cardinal_weights *to, const char *layer, const char *part, const float *values,
                       size_t count) {
  memcpy(place(to, layer, part), values, count * sizeof *values);
}

static bool add_remark(cardinal_tensor_table *table, const char *key, const char *text) {
  cardinal_remark *remark = &table->remarks[table->remark_count++];
  *remark = (cardinal_remark){.key = strdup(key), .text = strdup(text)};
  return remark->key && remark->text;
}

static cardinal_status make_empty(const cardinal_net_spec *spec, cardinal_weights **to, cardinal_error *error) {
  cardinal_weights *made = cardinal_weights_new("quantised weights");
  if (!made)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for quantised weights");
  cardinal_status status = cardinal_table_of_quantised(spec, &made->table, error);
  if (!status) {
    cardinal_tensor_table *table = &made->table;
    table->remarks = calloc(2, sizeof *table->remarks);
    made->memory = malloc(table->tensors[table->count - 1].end);
    if (!made->memory || !table->remarks || !add_remark(table, CARDINAL_QUANTISED_KEY, CARDINAL_QUANTISED_VERSION) ||
        !add_remark(table, CARDINAL_QUANTISED_MODEL, spec->name))
      status = cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for quantised weights");
  }
  if (status)
    cardinal_weights_destroy(made);
  else
    *to = made;
  return status;
}

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/* One output channel: its scale, and each weight the nearest number of steps. */
static float quantise_row(const float *from, size_t count, int8_t *to, double *squares, double *errors) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs((double)from[i]));
    *squares += (double)from[i] * (double)from[i];
  }
  const float scale = scale_of(largest);
  for (size_t i = 0; i < count; i++) {
    to[i] = nearest_step((double)from[i] / (double)scale);
    const double error = (double)from[i] - to[i] * (double)scale;
    *errors += error * error;
  }
  return scale;
}

static void quantise_weights(const cardinal_weights *to, const cardinal_layer *layer, const cardinal_fold *fold,
                             float *scales, double *noise_ratio) {
  const size_t rows = (size_t)layer->out_channels, length = cardinal_layer_weights(layer) / rows;
  int8_t *weights = place(to, layer->name, "weight");
  double squares = 0, errors = 0;
  for (size_t row = 0; row < rows; row++)
    scales[row] = quantise_row(fold->weights + row * length, length, weights + row * length, &squares, &errors);
  put_floats(to, layer->name, "weight_scale", scales, rows);
  put_floats(to, layer->name, "bias", fold->bias, rows);
  *noise_ratio = errors > 0 ? squares / errors : INFINITY;
}

/* Images become 0 to 127, each colour by a scale and a zero of its own; the scales move into the stem's weights. */
static void quantise_input(const cardinal_calibration *c, const cardinal_weights *to, const cardinal_layer *stem,
                           cardinal_fold *fold) {
  float scales[CARDINAL_IMAGE_CHANNELS];
  int8_t *zeros = place(to, stem->name, "input_zero");
  const size_t taps = (size_t)(stem->kernel * stem->kernel);
  for (size_t i = 0; i < CARDINAL_IMAGE_CHANNELS; i++) {
    scales[i] = scale_of((double)c->high[i] - (double)c->low[i]);
    zeros[i] = nearest_step(-(double)c->low[i] / (double)scales[i]);
    for (size_t row = 0; row < (size_t)stem->out_channels; row++)
      for (size_t k = 0; k < taps; k++)
        fold->weights[(row * CARDINAL_IMAGE_CHANNELS + i) * taps + k] *= scales[i];
  }
  put_floats(to, stem->name, "input_scale", scales, CARDINAL_IMAGE_CHANNELS);
}

static double end_of_range(const cardinal_histogram *histogram, const cardinal_range_options *options) {
  switch (options->method) {
  case CARDINAL_RANGE_PERCENTILE:
    return cardinal_histogram_percentile(histogram, options->left_out);
  case CARDINAL_RANGE_LARGEST:
    return histogram->largest > 0 ? histogram->largest : 1;
  default:
    return cardinal_histogram_least_error(histogram);
  }
}

/* Of the stem's output, only the maxima go on; so those decide. */
static const cardinal_histogram *deciding_histogram(const cardinal_calibration *c, size_t step) {
  return &c->histograms[c->net->steps[step].shape.x == CARDINAL_VALUE_IMAGES ? step + 1 : step];
}

static cardinal_status quantise_step(const cardinal_calibration *c, size_t step, const cardinal_weights *from,
                                     const cardinal_range_options *options, cardinal_fold *fold, float *scales,
                                     const cardinal_weights *to, cardinal_quantised_report *report,
                                     cardinal_error *error) {
  const cardinal_layer *layer = &c->net->steps[step].shape;
  *report = (cardinal_quantised_report){.name = layer->name};
  report->has_weights = !cardinal_step_pools(&c->net->steps[step]);
  report->has_output = layer->y != CARDINAL_VALUE_LOGITS && layer->kind != CARDINAL_LAYER_MAX_POOL;
  if (report->has_weights) {
    const cardinal_status status = cardinal_fold_layer(from, layer, fold, error);
    if (status)
      return status;
    if (layer->x == CARDINAL_VALUE_IMAGES)
      quantise_input(c, to, layer, fold);
    quantise_weights(to, layer, fold, scales, &report->weight_noise_ratio);
  }
  if (report->has_output) {
    const cardinal_histogram *histogram = deciding_histogram(c, step);
    const double end = end_of_range(histogram, options);
    report->output_scale = scale_of(end);
    report->output = cardinal_histogram_effect(histogram, end);
    put_floats(to, layer->name, "output_scale", &report->output_scale, 1);
  }
  return CARDINAL_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static cardinal_status quantise_steps(const cardinal_calibration *c, const cardinal_weights *from,
                                      const cardinal_range_options *options, cardinal_fold *fold, float *scales,
                                      const cardinal_weights *to, cardinal_quantised_report *report,
                                      cardinal_error *error) {
  cardinal_status status = CARDINAL_OK;
  cardinal_quantised_report unwanted;
  for (size_t i = 0; !status && i < c->net->step_count; i++)
    status = quantise_step(c, i, from, options, fold, scales, to, report ? report + i : &unwanted, error);
  return status;
}

cardinal_status cardinal_quantise(const cardinal_calibration *c, const cardinal_net_spec *spec,
                                  const cardinal_weights *from, const cardinal_range_options *options,
                                  cardinal_quantised_report *report, cardinal_weights **to, cardinal_error *error) {
  size_t weights = 0, channels = 0;
  cardinal_net_largest_layer(c->net, &weights, &channels);
  cardinal_weights *made = NULL;
  cardinal_fold fold;
  cardinal_status status = cardinal_fold_allocate(&fold, weights, channels, error);
  if (status)
    return status;
  float *scales = malloc(channels * sizeof *scales);
  status = scales ? make_empty(spec, &made, error)
                  : cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to quantise a layer");
  if (!status) {
    const cardinal_fp_modes caller = cardinal_fp_enter(false);
    status = quantise_steps(c, from, options, &fold, scales, made, report, error);
    cardinal_fp_leave(caller);
  }
  free(scales);
  cardinal_fold_free(&fold);
  if (status)
    cardinal_weights_destroy(made);
  else
    *to = made;
  return status;
}
