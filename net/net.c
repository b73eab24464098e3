/* SPDX-License-Identifier: BSD-3-Clause */
/* The runner: a network as a list of plans, and one arena for all that flows between them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "net/arena.h"
#include "net/common.h"
#include "net/fold.h"
#include "kernels/fpenv.h"

typedef struct {
  cardinal_layer shape;
  cardinal_conv_desc conv;
  cardinal_pool_desc pool;
  cardinal_plan *plan;
  uint64_t multiply_adds;
  size_t scratch; /* offset in the arena */
} net_layer;

struct cardinal_net {
  int64_t batch;
  net_layer *layers;
  size_t layer_count;
  size_t *values; /* by number of the value: its offset in the arena */
  size_t image_floats, feature_floats, logit_floats;
  size_t arena_bytes, weight_bytes;
};

void cardinal_net_desc_init(cardinal_net_desc *desc) {
  *desc = (cardinal_net_desc){.struct_size = sizeof *desc, .batch = 1, .image_height = 224, .image_width = 224};
}

/* ---- making -------------------------------------------------------------------------------------------------- */

static bool is_pool(const cardinal_layer *layer) {
  return layer->kind == CARDINAL_LAYER_MAX_POOL || layer->kind == CARDINAL_LAYER_AVERAGE_POOL;
}

/* The pooled features have 2048 channels, a multiple of the block, and one pixel: their blocked layout is also the
 * plain [batch][2048] that callers get. */
static void describe_conv(const cardinal_layer *layer, int64_t batch, cardinal_conv_desc *desc) {
  cardinal_conv_desc_init(desc);
  desc->x_layout = layer->x == CARDINAL_VALUE_IMAGES ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
  desc->y_layout = layer->y == CARDINAL_VALUE_LOGITS ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
  desc->batch = batch;
  desc->in_channels = layer->in_channels;
  desc->in_height = layer->in_height;
  desc->in_width = layer->in_width;
  desc->out_channels = layer->out_channels;
  desc->groups = layer->groups;
  desc->kernel_height = desc->kernel_width = layer->kernel;
  desc->stride_height = desc->stride_width = layer->stride;
  desc->pad_top = desc->pad_left = desc->pad_bottom = desc->pad_right = layer->padding;
  desc->has_bias = 1;
  desc->has_residual = layer->adds_to_y;
  desc->has_relu = layer->relu;
}

static void describe_pool(const cardinal_layer *layer, int64_t batch, cardinal_pool_desc *desc) {
  cardinal_pool_desc_init(desc);
  desc->kind = layer->kind == CARDINAL_LAYER_MAX_POOL ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
  desc->x_layout = desc->y_layout = CARDINAL_LAYOUT_BLOCKED16;
  desc->batch = batch;
  desc->channels = layer->in_channels;
  desc->in_height = layer->in_height;
  desc->in_width = layer->in_width;
  desc->kernel_height = desc->kernel_width = layer->kernel;
  desc->stride_height = desc->stride_width = layer->stride;
  desc->pad_top = desc->pad_left = desc->pad_bottom = desc->pad_right = layer->padding;
}

static cardinal_status list_layers(cardinal_net *net, const cardinal_net_spec *spec, const cardinal_net_desc *desc,
                                   cardinal_error *error) {
  cardinal_walker walker;
  cardinal_layer layer;
  size_t count = 0;
  cardinal_walk_start(&walker, spec, desc->image_height, desc->image_width);
  while (cardinal_walk_next(&walker, &layer))
    count++;
  net->layers = calloc(count, sizeof *net->layers);
  net->values = calloc(walker.next_value, sizeof *net->values);
  if (!net->layers || !net->values)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for a list of %zu layers", count);

  cardinal_walk_start(&walker, spec, desc->image_height, desc->image_width);
  while (cardinal_walk_next(&walker, &layer)) {
    net_layer *made = &net->layers[net->layer_count++];
    made->shape = layer;
    if (!cardinal_layer_multiply_adds(&layer, &made->multiply_adds) ||
        __builtin_mul_overflow(made->multiply_adds, (uint64_t)desc->batch, &made->multiply_adds))
      return cardinal_net_fail(error, CARDINAL_OVERFLOW, "layer %s: its multiply-adds don't fit 64 bits", layer.name);
    if (is_pool(&layer))
      describe_pool(&layer, desc->batch, &made->pool);
    else
      describe_conv(&layer, desc->batch, &made->conv);
  }
  return CARDINAL_OK;
}

static void free_fold(cardinal_fold *fold) {
  free(fold->weights);
  free(fold->bias);
  free(fold->scales);
  free(fold->norm);
}

/* Memory for the largest layer; one layer at a time is folded and packed, so that the folded weights of the network
 * never lie beside the packed ones. */
static cardinal_status allocate_fold(const cardinal_net *net, cardinal_fold *fold, cardinal_error *error) {
  size_t weights = 0, channels = 0;
  for (size_t i = 0; i < net->layer_count; i++) {
    const cardinal_layer *layer = &net->layers[i].shape;
    if (is_pool(layer))
      continue;
    size_t layer_weights = cardinal_layer_weights(layer), layer_channels = (size_t)layer->out_channels;
    weights = layer_weights > weights ? layer_weights : weights;
    channels = layer_channels > channels ? layer_channels : channels;
  }
  *fold = (cardinal_fold){
      .weights = malloc(weights * sizeof *fold->weights),
      .bias = malloc(channels * sizeof *fold->bias),
      .scales = malloc(channels * sizeof *fold->scales),
      .norm = malloc(channels * 3 * sizeof *fold->norm),
  };
  if (fold->weights && fold->bias && fold->scales && fold->norm)
    return CARDINAL_OK;
  free_fold(fold);
  return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to fold a layer of %zu weights", weights);
}

static cardinal_status make_plans(cardinal_net *net, const cardinal_context *context, const cardinal_weights *weights,
                                  cardinal_fold *fold, cardinal_error *error) {
  for (size_t i = 0; i < net->layer_count; i++) {
    net_layer *layer = &net->layers[i];
    cardinal_status status;
    if (is_pool(&layer->shape)) {
      status = cardinal_pool_create(context, &layer->pool, &layer->plan, error);
    } else {
      status = cardinal_fold_layer(weights, &layer->shape, fold, error);
      if (!status)
        status = cardinal_conv_create(context, &layer->conv, fold->weights, fold->bias, &layer->plan, error);
    }
    if (status)
      return status;
    net->weight_bytes += cardinal_plan_weight_bytes(layer->plan);
  }
  return CARDINAL_OK;
}

/* Bytes of a layer's output as it lies in the arena. */
static cardinal_status output_bytes(const cardinal_layer *layer, int64_t batch, size_t *bytes) {
  cardinal_status status = cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, batch, layer->out_channels,
                                                  layer->out_height, layer->out_width, bytes);
  if (!status && !cardinal_net_multiply(*bytes, sizeof(float), bytes))
    status = CARDINAL_OVERFLOW;
  return status;
}

/* Buffers 0 to value_count - 1 are the values, then come the layers' scratch memories. */
static cardinal_status plan_buffers(cardinal_net *net, cardinal_buffer *buffers, size_t value_count,
                                    cardinal_error *error) {
  for (size_t step = 0; step < net->layer_count; step++) {
    net_layer *layer = &net->layers[step];
    cardinal_buffer *y = &buffers[layer->shape.y], *x = &buffers[layer->shape.x];
    buffers[value_count + step] =
        (cardinal_buffer){.bytes = cardinal_plan_scratch_bytes(layer->plan), .first = step, .last = step};
    x->last = step;
    if (layer->shape.y == CARDINAL_VALUE_LOGITS)
      continue;
    if (!layer->shape.adds_to_y)
      y->first = step;
    y->last = step;
    if (output_bytes(&layer->shape, net->batch, &y->bytes))
      return cardinal_net_fail(error, CARDINAL_OVERFLOW, "layer %s: the size of its output doesn't fit memory",
                               layer->shape.name);
  }
  if (!cardinal_arena_plan(buffers, value_count + net->layer_count, &net->arena_bytes) ||
      __builtin_add_overflow(net->arena_bytes, CARDINAL_ARENA_ALIGNMENT, &net->arena_bytes))
    return cardinal_net_fail(error, CARDINAL_OVERFLOW, "the activations' size doesn't fit memory");
  for (size_t value = 0; value < value_count; value++)
    net->values[value] = buffers[value].offset;
  for (size_t step = 0; step < net->layer_count; step++)
    net->layers[step].scratch = buffers[value_count + step].offset;
  return CARDINAL_OK;
}

static cardinal_status plan_memory(cardinal_net *net, cardinal_error *error) {
  size_t value_count = 0;
  for (size_t i = 0; i < net->layer_count; i++)
    if (net->layers[i].shape.y >= value_count)
      value_count = (size_t)net->layers[i].shape.y + 1;
  cardinal_buffer *buffers = calloc(value_count + net->layer_count, sizeof *buffers);
  if (!buffers)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to plan the memory of activations");
  cardinal_status status = plan_buffers(net, buffers, value_count, error);
  free(buffers);
  return status;
}

/* Sizes of what the caller brings along; all fit, since the plans do. */
static void set_outer_sizes(cardinal_net *net, const cardinal_net_spec *spec, const cardinal_net_desc *desc) {
  net->image_floats = (size_t)(desc->batch * 3 * desc->image_height * desc->image_width);
  net->feature_floats = (size_t)(desc->batch * CARDINAL_FEATURES);
  net->logit_floats = (size_t)(desc->batch * spec->classes);
}

static cardinal_status fill_net(cardinal_net *net, const cardinal_context *context, const cardinal_net_spec *spec,
                                const cardinal_weights *weights, const cardinal_net_desc *desc, cardinal_error *error) {
  net->batch = desc->batch;
  cardinal_status status = cardinal_weights_match(weights, spec, error);
  if (!status)
    status = list_layers(net, spec, desc, error);
  cardinal_fold fold;
  if (!status)
    status = allocate_fold(net, &fold, error);
  if (status)
    return status;
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  status = make_plans(net, context, weights, &fold, error);
  cardinal_fp_leave(caller);
  free_fold(&fold);
  if (!status)
    status = plan_memory(net, error);
  set_outer_sizes(net, spec, desc);
  return status;
}

cardinal_status cardinal_net_create(const cardinal_context *context, const cardinal_net_spec *spec,
                                    const cardinal_weights *weights, const cardinal_net_desc *desc, cardinal_net **net,
                                    cardinal_error *error) {
  if (!context || !weights || !net)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "context, weights or net is NULL");
  cardinal_net_spec spec_taken;
  cardinal_net_desc desc_taken;
  cardinal_net_desc_init(&desc_taken);
  cardinal_status status = cardinal_spec_take(spec, &spec_taken, error);
  if (!status)
    status = cardinal_net_copy_desc(&desc_taken, sizeof desc_taken, desc, "the network's desc", error);
  if (!status)
    status = cardinal_image_size_check(desc_taken.image_height, desc_taken.image_width, error);
  if (!status && (desc_taken.batch < 1 || desc_taken.batch > 1 << 20))
    status = cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "the batch is %" PRId64 ", expected 1 to 2^20",
                               desc_taken.batch);
  if (!status && desc_taken.flags)
    status =
        cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "flags are 0x%" PRIx32 ", expected 0", desc_taken.flags);
  if (status)
    return status;

  cardinal_net *made = calloc(1, sizeof *made);
  if (!made)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for a network");
  status = fill_net(made, context, &spec_taken, weights, &desc_taken, error);
  if (status) {
    cardinal_net_destroy(made);
    return status;
  }
  *net = made;
  return CARDINAL_OK;
}

void cardinal_net_destroy(cardinal_net *net) {
  if (!net)
    return;
  for (size_t i = 0; i < net->layer_count; i++)
    cardinal_plan_destroy(net->layers[i].plan);
  free(net->layers);
  free(net->values);
  free(net);
}

size_t cardinal_net_arena_bytes(const cardinal_net *net) {
  return net->arena_bytes;
}

size_t cardinal_net_weight_bytes(const cardinal_net *net) {
  return net->weight_bytes;
}

size_t cardinal_net_layer_count(const cardinal_net *net) {
  return net->layer_count;
}

cardinal_status cardinal_net_layer_get(const cardinal_net *net, size_t index, cardinal_net_layer *layer) {
  if (!net || !layer || index >= net->layer_count)
    return CARDINAL_INVALID_ARGUMENT;
  const net_layer *from = &net->layers[index];
  *layer = (cardinal_net_layer){
      .struct_size = sizeof *layer,
      .is_conv = !is_pool(&from->shape),
      .name = from->shape.name,
      .plan = from->plan,
      .conv = from->conv,
      .pool = from->pool,
      .multiply_adds = from->multiply_adds,
  };
  return CARDINAL_OK;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  const void *begin;
  size_t bytes;
} extent;

/* The plans check each of their own arguments; only the network knows that all of them live at once. */
static cardinal_status check_overlap(const cardinal_net *net, const float *images, const float *features,
                                     const float *logits, const void *arena, cardinal_error *error) {
  extent extents[] = {
      {"images", images, net->image_floats * sizeof(float)},
      {"features", features, features ? net->feature_floats * sizeof(float) : 0},
      {"logits", logits, logits ? net->logit_floats * sizeof(float) : 0},
      {"arena", arena, net->arena_bytes},
  };
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < i; j++) {
      uintptr_t a = (uintptr_t)extents[i].begin, b = (uintptr_t)extents[j].begin;
      if (extents[i].bytes && extents[j].bytes && a < b + extents[j].bytes && b < a + extents[i].bytes)
        return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s and %s overlap in memory", extents[j].name,
                                 extents[i].name);
    }
  return CARDINAL_OK;
}

cardinal_status cardinal_net_run_profiled(const cardinal_net *net, const float *images, float *features, float *logits,
                                          void *arena, cardinal_net_visit before, cardinal_net_visit after, void *user,
                                          cardinal_error *error) {
  if (!net || !images || !arena)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "net, images or arena is NULL");
  cardinal_status status = check_overlap(net, images, features, logits, arena, error);
  if (status)
    return status;

  size_t misaligned = (uintptr_t)arena % CARDINAL_ARENA_ALIGNMENT;
  char *base = (char *)arena + (misaligned ? CARDINAL_ARENA_ALIGNMENT - misaligned : 0);
  for (size_t i = 0; i < net->layer_count; i++) {
    const net_layer *layer = &net->layers[i];
    uint32_t x_value = layer->shape.x, y_value = layer->shape.y;
    if (y_value == CARDINAL_VALUE_LOGITS && !logits)
      continue;
    const float *x = (const float *)(void *)(base + net->values[x_value]);
    float *y = (float *)(void *)(base + net->values[y_value]);
    if (x_value == CARDINAL_VALUE_IMAGES)
      x = images;
    if (x_value == CARDINAL_VALUE_FEATURES && features)
      x = features;
    if (y_value == CARDINAL_VALUE_FEATURES && features)
      y = features;
    if (y_value == CARDINAL_VALUE_LOGITS)
      y = logits;

    if (before)
      before(user, i);
    status = cardinal_plan_run(layer->plan, x, layer->shape.adds_to_y ? y : NULL, y, base + layer->scratch, error);
    if (status)
      return status;
    if (after)
      after(user, i);
  }
  return CARDINAL_OK;
}

cardinal_status cardinal_net_run(const cardinal_net *net, const float *images, float *features, float *logits,
                                 void *arena, cardinal_error *error) {
  return cardinal_net_run_profiled(net, images, features, logits, arena, NULL, NULL, NULL, error);
}
