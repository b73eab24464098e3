/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/quantize_compare.h"

#include <math.h>
#include <stdlib.h>

#include "net/common.h"
#include "net/network.h"
#include "tools/command.h"

/* One of the two on its way through an image. */
typedef struct {
  const cardinal_net *net;
  void *arena;
  float *logits;
  float **outputs; /* of f32, by layer; the logits of the fully connected one are its last */
  float *own;      /* room for int8's */
  quantize_comparison *to;
} runner;

static size_t floats_of(const cardinal_net *net, size_t index) {
  const cardinal_layer *layer = &net->steps[index].shape;
  size_t floats = net->logit_floats;
  if (layer->y != CARDINAL_VALUE_LOGITS)
    cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, net->batch, layer->out_channels, layer->out_height,
                           layer->out_width, &floats);
  return floats;
}

/* The logits are there when the run has ended. */
static bool gives_logits(const runner *r, size_t index) {
  return r->net->steps[index].shape.y == CARDINAL_VALUE_LOGITS;
}

static void keep(void *user, size_t index) {
  const runner *r = user;
  if (!gives_logits(r, index))
    cardinal_net_output(r->net, r->arena, index, r->outputs[index]);
}

static void add_up(const runner *r, size_t index, const float *found) {
  const float *expected = r->outputs[index];
  const size_t count = floats_of(r->net, index);
  for (size_t i = 0; i < count; i++) {
    const double difference = (double)found[i] - (double)expected[i];
    r->to->squares[index] += (double)expected[i] * (double)expected[i];
    r->to->errors[index] += difference * difference;
  }
}

static void compare(void *user, size_t index) {
  const runner *r = user;
  if (gives_logits(r, index))
    return;
  cardinal_net_output(r->net, r->arena, index, r->own);
  add_up(r, index, r->own);
}

static void free_runner(runner *r) {
  cardinal_net_destroy((cardinal_net *)(uintptr_t)r->net);
  free(r->arena);
}

static cardinal_status make_runner(const cardinal_context *context, const cardinal_net_spec *spec,
                                   const cardinal_weights *weights, int64_t side, runner *to, cardinal_error *error) {
  cardinal_net_desc desc;
  cardinal_net *net = NULL;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = side;
  const cardinal_status status = cardinal_net_create(context, spec, weights, &desc, &net, error);
  if (status)
    return status;
  to->net = net;
  to->arena = malloc(cardinal_net_arena_bytes(net));
  return to->arena ? CARDINAL_OK : cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to run a network");
}

/* Room for all outputs of an image in f32; the largest one's size is that of int8's as well. */
static bool make_room(runner *exact, runner *rounded, quantize_comparison *to) {
  size_t largest = 0;
  bool made = true;
  to->layers = exact->net->step_count;
  to->squares = calloc(to->layers, sizeof *to->squares);
  to->errors = calloc(to->layers, sizeof *to->errors);
  exact->outputs = calloc(to->layers, sizeof *exact->outputs);
  for (size_t i = 0; exact->outputs && i < to->layers; i++) {
    const size_t floats = floats_of(exact->net, i);
    largest = floats > largest ? floats : largest;
    exact->outputs[i] = malloc(floats * sizeof(float));
    made = made && exact->outputs[i];
  }
  rounded->own = malloc(largest * sizeof(float));
  rounded->logits = malloc(rounded->net->logit_floats * sizeof(float));
  rounded->outputs = exact->outputs;
  rounded->to = to;
  if (!made || !to->squares || !to->errors || !exact->outputs || !rounded->own || !rounded->logits)
    return false;
  exact->logits = exact->outputs[to->layers - 1];
  return true;
}

static cardinal_status run_image(runner *exact, runner *rounded, const float *image, cardinal_error *error) {
  cardinal_status status =
      cardinal_net_run_profiled(exact->net, image, NULL, exact->logits, exact->arena, NULL, keep, exact, error);
  if (!status)
    status = cardinal_net_run_profiled(rounded->net, image, NULL, rounded->logits, rounded->arena, NULL, compare,
                                       rounded, error);
  if (!status)
    add_up(rounded, rounded->to->layers - 1, rounded->logits);
  return status;
}

cardinal_status quantize_compare(const cardinal_context *context, const cardinal_net_spec *spec,
                                 const cardinal_weights *weights, const cardinal_weights *quantised, int64_t side,
                                 const float *images, size_t count, quantize_comparison *to, cardinal_error *error) {
  runner exact = {.net = NULL}, rounded = {.net = NULL};
  *to = (quantize_comparison){.images = count};
  cardinal_status status = make_runner(context, spec, weights, side, &exact, error);
  if (!status)
    status = make_runner(context, spec, quantised, side, &rounded, error);
  if (!status && !make_room(&exact, &rounded, to))
    status = cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for the outputs of all layers");
  for (size_t i = 0; !status && i < count; i++) {
    tool_progress("comparing image %zu of %zu", i + 1, count);
    status = run_image(&exact, &rounded, images + i * exact.net->image_floats, error);
  }
  tool_progress_clear();
  for (size_t i = 0; exact.outputs && i < to->layers; i++)
    free(exact.outputs[i]);
  free(exact.outputs);
  free(rounded.own);
  free(rounded.logits);
  free_runner(&exact);
  free_runner(&rounded);
  return status;
}

double quantize_comparison_ratio(const quantize_comparison *comparison, size_t layer) {
  return comparison->errors[layer] > 0 ? comparison->squares[layer] / comparison->errors[layer] : INFINITY;
}

void quantize_comparison_free(quantize_comparison *comparison) {
  free(comparison->squares);
  free(comparison->errors);
}
