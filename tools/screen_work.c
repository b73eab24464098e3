/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/screen_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peak.h"
#include "kernels/format.h"
#include "net/network.h"
#include "net/quantise_synthetic.h"
#include "tools/network_options.h"

enum {
  SEED = 1 /* of a network */
};

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static bool is_conv(const gauntlet_problem *problem) {
  return problem->operation == CARDINAL_PLUGIN_CONV;
}

static size_t channels_of(const gauntlet_problem *problem) {
  return (size_t)(is_conv(problem) ? problem->conv.out_channels : problem->pool.channels);
}

static size_t pixels_of(const gauntlet_problem *problem) {
  return (size_t)(problem->out_height * problem->out_width);
}

size_t screen_part_elements(const screen_part *part) {
  return channels_of(&part->problem) * pixels_of(&part->problem);
}

size_t screen_part_index(const screen_part *part, size_t at) {
  const size_t pixels = pixels_of(&part->problem);
  return gauntlet_tensor_index(part->layout, channels_of(&part->problem), pixels, 0, at / pixels, at % pixels);
}

static void add_part(screen_job *job, const char *name, const gauntlet_problem *problem) {
  screen_part *part = &job->parts[job->part_count++];
  snprintf(part->name, sizeof part->name, "%s", name);
  part->problem = *problem;
  part->layout = is_conv(problem) ? problem->conv.y_layout : problem->pool.y_layout;
  part->format = gauntlet_y_format(problem);
  part->offset = job->bytes;
  part->bytes = gauntlet_tensor_floats(part->layout, 1, channels_of(problem), pixels_of(problem)) *
                cardinal_format_bytes(part->format);
  job->bytes += part->bytes;
}

/* ---- setting up -------------------------------------------------------------------------------------------------- */

static cardinal_status no_memory(cardinal_error *error) {
  error->status = CARDINAL_OUT_OF_MEMORY;
  snprintf(error->message, sizeof error->message, "no memory for a piece of work");
  return error->status;
}

static void *spread(cardinal_layout layout, cardinal_format format, const float *nchw, size_t channels, size_t pixels) {
  void *numbers = malloc(gauntlet_tensor_floats(layout, 1, channels, pixels) * cardinal_format_bytes(format));
  if (numbers)
    gauntlet_tensor_spread_numbers(layout, format, numbers, nchw, 1, channels, pixels);
  return numbers;
}

/* int8 has its weights as steps, so that they are those that the data say. */
static cardinal_status plan_int8(screen_job *job, const cardinal_conv_desc *conv, cardinal_error *error) {
  cardinal_conv_weights *packed = NULL;
  cardinal_status status = cardinal_conv_weights_create_int8(job->context, conv, job->data.steps, job->data.step_scales,
                                                             job->data.operands.bias, &packed, error);
  if (!status)
    status = cardinal_conv_create_packed(job->context, conv, packed, &job->plan, error);
  cardinal_conv_weights_destroy(packed);
  return status;
}

static cardinal_status plan_layer(screen_job *job, const gauntlet_problem *problem, cardinal_error *error) {
  if (!is_conv(problem))
    return cardinal_pool_create(job->context, &problem->pool, &job->plan, error);
  if (job->item->format == CARDINAL_FORMAT_INT8)
    return plan_int8(job, &problem->conv, error);
  return cardinal_conv_create(job->context, &problem->conv, job->data.operands.weights, job->data.operands.bias,
                              &job->plan, error);
}

static cardinal_status open_layer(screen_job *job, cardinal_error *error) {
  gauntlet_problem problem;
  if (!gauntlet_parse(job->item->what, &problem, error))
    return error->status;
  job->parts = calloc(1, sizeof *job->parts);
  if (!job->parts)
    return no_memory(error);
  add_part(job, screen_pattern_name(job->item, job->pattern), &problem);
  if (!screen_data_make(&job->data, &problem, job->pattern))
    return no_memory(error);
  const data_problem *data = &job->data.operands.data;
  const cardinal_reference_shape *s = &data->shape;
  job->x = spread(is_conv(&problem) ? problem.conv.x_layout : problem.pool.x_layout, gauntlet_x_format(&problem),
                  job->data.operands.x, s->in_channels, s->in_height * s->in_width);
  if (data->residual)
    job->residual =
        spread(job->parts->layout, job->parts->format, data->residual, s->out_channels, pixels_of(&problem));
  if (!job->x || (data->residual && !job->residual))
    return no_memory(error);
  const cardinal_status status = plan_layer(job, &problem, error);
  if (status)
    return status;
  if (is_conv(&problem))
    job->flops = 2 * data->y_floats * (data->weight_floats / s->out_channels);
  job->scratch = malloc(cardinal_plan_scratch_bytes(job->plan) + 1);
  return job->scratch ? CARDINAL_OK : no_memory(error);
}

static cardinal_status list_parts(screen_job *job, cardinal_error *error) {
  const size_t count = cardinal_net_layer_count(job->net);
  job->parts = calloc(count, sizeof *job->parts);
  if (!job->parts)
    return no_memory(error);
  for (size_t i = 0; i < count; ++i) {
    cardinal_net_layer layer;
    cardinal_net_layer_init(&layer);
    cardinal_net_layer_get(job->net, i, &layer);
    gauntlet_problem problem;
    if (!(layer.conv ? gauntlet_problem_of_conv(layer.conv, &problem, error)
                     : gauntlet_problem_of_pool(layer.pool, &problem, error)))
      return error->status;
    add_part(job, layer.name, &problem);
    job->flops += 2 * layer.multiply_adds;
  }
  return CARDINAL_OK;
}

/* Weights of a network in the item's format. Those of int8 are quantised here, and kept, so that the oracle has the
 * same. */
static cardinal_status make_weights(screen_job *job, const cardinal_net_desc *desc, cardinal_error *error) {
  cardinal_weights *floats;
  const cardinal_status status = cardinal_weights_synthetic(&job->spec, SEED, &floats, error);
  if (status || job->item->format != CARDINAL_FORMAT_INT8) {
    job->weights = status ? NULL : floats;
    return status;
  }
  const cardinal_status quantised =
      cardinal_quantise_synthetic(job->context, &job->spec, floats, desc, &job->weights, error);
  cardinal_weights_destroy(floats);
  return quantised;
}

static cardinal_status open_net(screen_job *job, cardinal_error *error) {
  const size_t floats = 3 * (size_t)(job->item->image * job->item->image);
  char model[64];
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = job->item->image;
  desc.precision = precision_of_format(job->item->format);
  cardinal_net_spec_init(&job->spec);
  snprintf(model, sizeof model, "%.*s", (int)strcspn(job->item->what, " "), job->item->what);
  cardinal_status status = cardinal_net_spec_named(model, &job->spec, error);
  if (!status)
    status = make_weights(job, &desc, error);
  if (!status)
    status = cardinal_net_create(job->context, &job->spec, job->weights, &desc, &job->net, error);
  if (!status)
    status = list_parts(job, error);
  if (status)
    return status;
  job->image = malloc(floats * sizeof *job->image);
  job->scratch = malloc(cardinal_net_arena_bytes(job->net));
  if (!job->image || !job->scratch)
    return no_memory(error);
  cardinal_synthetic_input(SEED, job->image, floats);
  return CARDINAL_OK;
}

cardinal_status screen_job_open(screen_job *job, const screen_item *item, unsigned pattern, cardinal_isa isa,
                                cardinal_error *error) {
  *job = (screen_job){.item = item, .pattern = pattern};
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(isa);
  desc.threads = 1;
  desc.threading = CARDINAL_THREADING_SERIAL;
  cardinal_status status = cardinal_context_create(&desc, &job->context, error);
  if (!status)
    status = item->image ? open_net(job, error) : open_layer(job, error);
  if (status)
    return status;
  job->outputs = aligned_alloc(64, (job->bytes + 63) / 64 * 64);
  return job->outputs ? CARDINAL_OK : no_memory(error);
}

void screen_job_close(screen_job *job) {
  screen_data_free(&job->data);
  free(job->x);
  free(job->residual);
  free(job->image);
  free(job->scratch);
  free(job->outputs);
  free(job->parts);
  cardinal_plan_destroy(job->plan);
  cardinal_net_destroy(job->net);
  cardinal_weights_destroy(job->weights);
  cardinal_context_destroy(job->context);
  *job = (screen_job){0};
}

const char *screen_job_kernel(const screen_job *job, size_t part) {
  if (part >= job->part_count)
    return NULL;
  return cardinal_plan_kernel(job->net ? job->net->steps[part].plan : job->plan);
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

typedef struct trace {
  screen_job *job;
  const char *arena;
  double copying;
} trace;

/* The arena's memory is used again by later layers, so each layer's output is copied. */
static void after_layer(void *user, size_t layer) {
  trace *t = user;
  const double start = cardinal_cpu_clock();
  const uint32_t value = t->job->net->steps[layer].shape.y;
  const screen_part *part = &t->job->parts[layer];
  if (value != CARDINAL_VALUE_LOGITS)
    memcpy(t->job->outputs + part->offset, t->arena + t->job->net->values[value], part->bytes);
  t->copying += cardinal_cpu_clock() - start;
}

static cardinal_status run_net(screen_job *job, trace *t, cardinal_error *error) {
  const size_t misaligned = (uintptr_t)job->scratch % 64; /* as the network aligns its arena */
  *t = (trace){.job = job, .arena = (char *)job->scratch + (misaligned ? 64 - misaligned : 0)};
  float *logits = (float *)(void *)(job->outputs + job->parts[job->part_count - 1].offset);
  return cardinal_net_run_profiled(job->net, job->image, NULL, logits, job->scratch, NULL, after_layer, t, error);
}

cardinal_status screen_job_run(screen_job *job, double *seconds, cardinal_error *error) {
  /* No store that fails goes unseen: NaN in f32 and bf16; -1 in int8, which no output has behind a ReLU, and which
   * would have to be right where there is none. */
  memset(job->outputs, 0xFF, job->bytes);
  trace t = {0};
  const double start = cardinal_cpu_clock();
  const cardinal_status status =
      job->net ? run_net(job, &t, error)
               : cardinal_plan_run(job->plan, job->x, job->residual, job->outputs, job->scratch, error);
  *seconds = cardinal_cpu_clock() - start - t.copying;
  return status;
}

size_t screen_job_check(const screen_job *job, const char *outputs, uint64_t *found) {
  for (size_t i = 0; i < job->part_count; ++i) {
    uint64_t right;
    *found = screen_hash(outputs + job->parts[i].offset, job->parts[i].bytes);
    if (!screen_golden(job->item, job->parts[i].name, &right) || right != *found)
      return i;
  }
  return job->part_count;
}
