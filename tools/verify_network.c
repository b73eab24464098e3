/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/verify_network.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/operands.h"
#include "net/common.h"
#include "net/network.h"
#include "tools/command.h"
#include "tools/reference_cases.h"

static const char name[] = "verify";
static const char input_name[] = "input", logits_name[] = "logits";
static const double default_tolerance = 1e-4; /* of f32 */

/* A network on its way past the reference. */
typedef struct job {
  const verify_options *options;
  cardinal_context *context;
  cardinal_weights *file, *weights;
  cardinal_net_spec spec;
  cardinal_net *net;
  float *images, *logits;
  void *arena;
  int64_t batch, height, width;
  double tolerance;
  size_t compared, departing;
  char first[sizeof((cardinal_layer *)0)->name]; /* that departs */
  json_t *layers;
  cardinal_status status; /* of the comparisons */
  cardinal_error error;
} job;

/* How a layer's output departs from the reference's. */
typedef struct difference {
  double largest;        /* magnitude in the reference */
  double worst;          /* error; infinite where only one of the two is a number */
  float value, expected; /* there */
  size_t at;             /* NCHW */
  double cosine;         /* with the reference, the least of the images'; NaN if there is none */
  int64_t same_class;    /* logits: the images of the same class */
} difference;

/* ---- one layer ------------------------------------------------------------------------------------------------ */

static const cardinal_tensor *find_reference(const job *j, const cardinal_layer *layer) {
  const cardinal_tensor *tensor = cardinal_table_find(&j->file->table, layer->name);
  return tensor || layer->kind != CARDINAL_LAYER_FULLY_CONNECTED ? tensor
                                                                 : cardinal_table_find(&j->file->table, logits_name);
}

static double error_of(float value, float expected) {
  if (isfinite(value) && isfinite(expected))
    return fabs((double)value - (double)expected);
  return value == expected || (isnan(value) && isnan(expected)) ? 0.0 : (double)INFINITY;
}

/* `y` lies in blocks, the expected output is NCHW. */
static difference compare(const cardinal_layer *layer, int64_t batch, const float *y, const float *expected) {
  const size_t channels = (size_t)layer->out_channels, pixels = (size_t)(layer->out_height * layer->out_width);
  const cardinal_layout layout = layer->y == CARDINAL_VALUE_LOGITS ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
  difference d = {.worst = -1.0, .cosine = 1.0};
  size_t at = 0;
  for (size_t n = 0; n < (size_t)batch; ++n) {
    double product = 0.0, squares = 0.0, expected_squares = 0.0;
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < pixels; ++p, ++at) {
        const float value = y[gauntlet_tensor_index(layout, channels, pixels, n, c, p)];
        const double error = error_of(value, expected[at]);
        product += (double)value * (double)expected[at];
        squares += (double)value * (double)value;
        expected_squares += (double)expected[at] * (double)expected[at];
        if (isfinite(expected[at]))
          d.largest = fmax(d.largest, fabs((double)expected[at]));
        if (error > d.worst) {
          d.worst = error;
          d.value = value;
          d.expected = expected[at];
          d.at = at;
        }
      }
    const double cosine = squares == 0.0 && expected_squares == 0.0 ? 1.0 : product / sqrt(squares * expected_squares);
    if (!isnan(d.cosine) && !(cosine >= d.cosine))
      d.cosine = cosine;
  }
  return d;
}

static size_t largest_of(const float *values, size_t count) {
  size_t at = 0;
  for (size_t i = 1; i < count; ++i)
    at = values[i] > values[at] ? i : at;
  return at;
}

/* The number of images that both have in the same class. */
static int64_t count_same_class(const float *logits, const float *expected, int64_t batch, size_t classes) {
  int64_t same = 0;
  for (int64_t n = 0; n < batch; ++n, logits += classes, expected += classes)
    same += largest_of(logits, classes) == largest_of(expected, classes);
  return same;
}

static double share_of(const difference *d) {
  return d->worst > 0.0 ? d->worst / d->largest : 0.0;
}

static const char *place_of(const cardinal_layer *layer, size_t at, char *text, size_t size) {
  const size_t width = (size_t)layer->out_width, height = (size_t)layer->out_height;
  const size_t channels = (size_t)layer->out_channels;
  snprintf(text, size, "image %zu, channel %zu, row %zu, column %zu", at / width / height / channels,
           at / width / height % channels, at / width % height, at % width);
  return text;
}

static void tell(job *j, const cardinal_layer *layer, const difference *d) {
  const bool departs = !(share_of(d) <= j->tolerance);
  char where[128];
  place_of(layer, d->at, where, sizeof where);
  ++j->compared;
  if (departs && j->departing++ == 0)
    snprintf(j->first, sizeof j->first, "%s", layer->name);
  if (j->options->json) {
    json_t *told = json_pack("{s:s, s:b, s:s}", "name", layer->name, "departs", (int)departs, "at", where);
    /* JSON has no infinity. */
    json_object_set_new(told, "worst_error", isfinite(d->worst) ? json_real(d->worst) : json_null());
    json_object_set_new(told, "share_of_largest", isfinite(share_of(d)) ? json_real(share_of(d)) : json_null());
    json_object_set_new(told, "cosine", isfinite(d->cosine) ? json_real(d->cosine) : json_null());
    if (layer->y == CARDINAL_VALUE_LOGITS)
      json_object_set_new(told, "images_of_the_same_class", json_integer((json_int_t)d->same_class));
    json_array_append_new(j->layers, told);
  } else if (departs && j->departing == 1) {
    printf("FAIL %s departs first: %s is %.9g, the reference has %.9g; the error is %.3g of the largest magnitude "
           "(%.9g), allowed is %.3g\n",
           layer->name, where, (double)d->value, (double)d->expected, share_of(d), d->largest, j->tolerance);
  } else if (j->options->verbose) {
    printf("%s %s: worst error %.3g of the largest magnitude (%.9g), %s; cosine %.6f", departs ? "FAIL" : "pass",
           layer->name, share_of(d), d->largest, where, d->cosine);
    if (layer->y == CARDINAL_VALUE_LOGITS)
      printf("; %" PRId64 " of %" PRId64 " images in the same class", d->same_class, j->batch);
    printf("\n");
  }
}

static cardinal_status compare_layer(job *j, size_t index, const cardinal_tensor *tensor) {
  const cardinal_layer *layer = &j->net->steps[index].shape;
  float *expected = malloc(tensor->count * sizeof *expected);
  if (!expected)
    return cardinal_net_fail(&j->error, CARDINAL_OUT_OF_MEMORY, "no memory for the %zu outputs of %s", tensor->count,
                             layer->name);
  cardinal_status status = cardinal_weights_fetch(j->file, tensor, 0, tensor->count, expected, &j->error);
  float *outputs = NULL;
  if (!status && layer->y != CARDINAL_VALUE_LOGITS) {
    size_t floats = 0;
    cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, j->batch, layer->out_channels, layer->out_height,
                           layer->out_width, &floats);
    outputs = malloc(floats * sizeof *outputs);
    if (outputs)
      cardinal_net_output(j->net, j->arena, index, outputs);
    else
      status = cardinal_net_fail(&j->error, CARDINAL_OUT_OF_MEMORY, "no memory for the %zu outputs of %s", floats,
                                 layer->name);
  }
  if (!status) {
    difference d = compare(layer, j->batch, outputs ? outputs : j->logits, expected);
    if (!outputs)
      d.same_class = count_same_class(j->logits, expected, j->batch, (size_t)layer->out_channels);
    tell(j, layer, &d);
  }
  free(outputs);
  free(expected);
  return status;
}

static void after_layer(void *user, size_t index) {
  job *j = user;
  const cardinal_layer *layer = &j->net->steps[index].shape;
  const cardinal_tensor *tensor = find_reference(j, layer);
  tool_progress("layer %zu of %zu", index + 1, j->net->step_count);
  if (tensor && !j->status)
    j->status = compare_layer(j, index, tensor);
}

/* ---- before the run ------------------------------------------------------------------------------------------- */

/* The images' tensor decides what the network is made for. */
static cardinal_status read_images(job *j) {
  const cardinal_tensor *tensor = cardinal_table_find(&j->file->table, input_name);
  if (!tensor)
    return cardinal_net_fail(&j->error, CARDINAL_BAD_FILE, "%s: tensor \"%s\", the images, is missing", j->file->label,
                             input_name);
  char text[CARDINAL_SHAPE_TEXT];
  if (tensor->rank != 4 || tensor->shape[1] != 3 || tensor->dtype != CARDINAL_DTYPE_F32)
    return cardinal_net_fail(&j->error, CARDINAL_BAD_FILE,
                             "%s: tensor \"%s\": expected F32 images of shape [batch, 3, height, width], found %s",
                             j->file->label, input_name, cardinal_shape_text(tensor, text));
  j->batch = tensor->shape[0];
  j->height = tensor->shape[2];
  j->width = tensor->shape[3];
  j->images = malloc((tensor->count ? tensor->count : 1) * sizeof *j->images);
  if (!j->images)
    return cardinal_net_fail(&j->error, CARDINAL_OUT_OF_MEMORY, "no memory for %zu numbers of images", tensor->count);
  return cardinal_weights_fetch(j->file, tensor, 0, tensor->count, j->images, &j->error);
}

/* The only format that --precision leaves; what the weights are for if it wasn't given. */
static cardinal_precision precision_asked_for(const verify_options *options) {
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; format++)
    if (options->formats == 1u << format)
      return precision_of_format((cardinal_format)format);
  return CARDINAL_PRECISION_DEFAULT;
}

static cardinal_status make_net(job *j) {
  cardinal_context_desc context;
  cardinal_context_desc_init(&context);
  context.isa = j->options->isa;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.precision = precision_asked_for(j->options);
  desc.batch = j->batch;
  desc.image_height = j->height;
  desc.image_width = j->width;
  cardinal_status status = cardinal_context_create(&context, &j->context, &j->error);
  if (!status)
    status = cardinal_net_create(j->context, &j->spec, j->weights, &desc, &j->net, &j->error);
  if (status)
    return status;
  j->arena = malloc(cardinal_net_arena_bytes(j->net));
  j->logits = malloc(j->net->logit_floats * sizeof *j->logits);
  if (!j->arena || !j->logits)
    return cardinal_net_fail(&j->error, CARDINAL_OUT_OF_MEMORY, "no memory to run %s", j->spec.name);
  return CARDINAL_OK;
}

/* Weights may be quantised, whatever the command line says. */
static cardinal_status choose_tolerance(job *j) {
  j->tolerance = j->options->tolerance;
  if (j->tolerance >= 0.0)
    return CARDINAL_OK;
  j->tolerance = default_tolerance;
  if (cardinal_net_precision(j->net) == CARDINAL_PRECISION_F32)
    return CARDINAL_OK;
  return cardinal_net_fail(&j->error, CARDINAL_INVALID_ARGUMENT,
                           "%s: %s rounds what each layer gives; --tolerance must say how far it may be off",
                           j->weights->label, cardinal_precision_name(cardinal_net_precision(j->net)));
}

/* Every tensor but the images is the output of a layer, and has its shape. */
static cardinal_status check_layers(job *j) {
  size_t known = 1;
  for (size_t i = 0; i < j->net->step_count; ++i) {
    const cardinal_layer *layer = &j->net->steps[i].shape;
    const cardinal_tensor *tensor = find_reference(j, layer);
    const int64_t shape[] = {j->batch, layer->out_channels, layer->out_height, layer->out_width};
    if (!tensor)
      continue;
    ++known;
    const cardinal_status status = reference_check_shape(j->file, tensor, shape, &j->error);
    if (status)
      return status;
  }
  const cardinal_tensor_table *table = &j->file->table;
  if (known == 1)
    return cardinal_net_fail(&j->error, CARDINAL_BAD_FILE, "%s: it holds no output of a layer of %s", j->file->label,
                             j->spec.name);
  for (size_t i = 0; known < table->count && i < table->count; ++i) {
    bool found = strcmp(table->tensors[i].name, input_name) == 0;
    for (size_t k = 0; !found && k < j->net->step_count; ++k)
      found = find_reference(j, &j->net->steps[k].shape) == &table->tensors[i];
    if (!found)
      return cardinal_net_fail(&j->error, CARDINAL_BAD_FILE,
                               "%s: tensor \"%.200s\": %s has no layer of this name (`cardinal info --model` lists "
                               "them), or the logits are there twice",
                               j->file->label, table->tensors[i].name, j->spec.name);
  }
  return CARDINAL_OK;
}

/* ---- the run -------------------------------------------------------------------------------------------------- */

static cardinal_status prepare(job *j) {
  cardinal_status status = cardinal_weights_open(j->options->reference, &j->file, &j->error);
  if (!status)
    status = reference_check_version(j->file, &j->error);
  if (!status)
    status = read_images(j);
  if (!status)
    status = weights_options_open(&j->options->network, &j->spec, &j->weights, &j->error);
  if (!status)
    status = make_net(j);
  if (!status)
    status = choose_tolerance(j);
  if (!status)
    status = check_layers(j);
  return status;
}

static void job_free(job *j) {
  free(j->arena);
  free(j->logits);
  free(j->images);
  cardinal_net_destroy(j->net);
  cardinal_context_destroy(j->context);
  cardinal_weights_destroy(j->weights);
  cardinal_weights_destroy(j->file);
}

/* Returns the exit status. */
static int conclude(job *j) {
  if (j->options->json) {
    json_t *all =
        json_pack("{s:o, s:s, s:o, s:s, s:s, s:f, s:b, s:I, s:o}", "reference", tool_json_text(j->options->reference),
                  "model", j->spec.name, "weights", tool_json_text(j->weights->label), "precision",
                  cardinal_precision_name(cardinal_net_precision(j->net)), "isa",
                  cardinal_isa_name(cardinal_context_isa(j->context)), "tolerance", j->tolerance, "right",
                  (int)!j->departing, "layers_departing", (json_int_t)j->departing, "layers", j->layers);
    j->layers = NULL;
    if (all)
      json_object_set_new(all, "first_departing", j->departing ? json_string(j->first) : json_null());
    if (!tool_print_json(name, all))
      return TOOL_FAILED;
  } else {
    printf("\n%zu of %zu layers compared, %zu depart by more than %.3g of their largest magnitude\n", j->compared,
           j->net->step_count, j->departing, j->tolerance);
  }
  return j->departing ? TOOL_FAILED : TOOL_OK;
}

int verify_network(const verify_options *options) {
  job j = {.options = options, .layers = json_array()};
  int status;
  if (prepare(&j)) {
    status = tool_fail(name, "%s", j.error.message);
  } else {
    if (!options->json)
      printf("%s in %s, %s, %lld image%s of %lldx%lld, %s\n\n", j.spec.name,
             cardinal_precision_name(cardinal_net_precision(j.net)), j.weights->label, (long long)j.batch,
             j.batch == 1 ? "" : "s", (long long)j.height, (long long)j.width,
             cardinal_isa_name(cardinal_context_isa(j.context)));
    const cardinal_status failed =
        cardinal_net_run_profiled(j.net, j.images, NULL, j.logits, j.arena, NULL, after_layer, &j, &j.error);
    tool_progress_clear();
    status = failed || j.status ? tool_fail(name, "%s", j.error.message) : conclude(&j);
  }
  json_decref(j.layers);
  job_free(&j);
  return status;
}
