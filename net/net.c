/* SPDX-License-Identifier: BSD-3-Clause */
/* Making networks: weights folded and packed, memory planned. */
#include "net/network.h"

#include <inttypes.h>
#include <stdlib.h>

#include "kernels/fpenv.h"
#include "net/arena.h"
#include "net/common.h"
#include "net/fold.h"
#include "net/int8.h"
#include "net/match.h"
#include "net/schema.h"
#include "net/spec.h"

enum {
  NET_DESC_LEAST = 32 /* the size of the first release: never to be changed */
};

_Static_assert(offsetof(cardinal_net_desc, batch) == 8 && offsetof(cardinal_net_desc, image_height) == 16 &&
                   offsetof(cardinal_net_desc, image_width) + sizeof(int64_t) == NET_DESC_LEAST,
               "cardinal_net_desc has moved");

void cardinal_net_desc_init_sized(cardinal_net_desc *desc, size_t size) {
  const cardinal_net_desc defaults = {.batch = 1, .image_height = 224, .image_width = 224};
  desc->struct_size = (uint32_t)size;
  cardinal_net_give(desc, &defaults, sizeof defaults);
}

/* A macro of this name gives the size that the caller's header knows; whoever has no header gets the first release's.
 */
#undef cardinal_net_desc_init
void cardinal_net_desc_init(cardinal_net_desc *desc) {
  cardinal_net_desc_init_sized(desc, NET_DESC_LEAST);
}

/* ---- making -------------------------------------------------------------------------------------------------- */

/* The channels of the pooled features are a multiple of the block's, as cardinal_spec_take sees to, and they have one
 * pixel: their blocked layout is also the plain [batch][channels] that callers get. */
static void describe_conv(const cardinal_net *net, const cardinal_layer *layer, cardinal_conv_desc *desc) {
  cardinal_conv_desc_init(desc);
  desc->format = cardinal_net_format(net);
  desc->x_format = layer->x == CARDINAL_VALUE_IMAGES ? CARDINAL_FORMAT_F32 : desc->format;
  desc->y_format = layer->y == CARDINAL_VALUE_LOGITS ? CARDINAL_FORMAT_F32 : desc->format;
  desc->x_layout = layer->x == CARDINAL_VALUE_IMAGES ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
  desc->y_layout = layer->y == CARDINAL_VALUE_LOGITS ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
  desc->batch = net->batch;
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

static void describe_pool(const cardinal_net *net, const cardinal_layer *layer, cardinal_pool_desc *desc) {
  cardinal_pool_desc_init(desc);
  desc->format = cardinal_net_format(net);
  desc->kind = layer->kind == CARDINAL_LAYER_MAX_POOL ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
  desc->x_layout = desc->y_layout = CARDINAL_LAYOUT_BLOCKED16;
  desc->batch = net->batch;
  desc->channels = layer->in_channels;
  desc->in_height = layer->in_height;
  desc->in_width = layer->in_width;
  desc->kernel_height = desc->kernel_width = layer->kernel;
  desc->stride_height = desc->stride_width = layer->stride;
  desc->pad_top = desc->pad_left = desc->pad_bottom = desc->pad_right = layer->padding;
}

static cardinal_status list_layers(cardinal_net *net, const cardinal_net_desc *desc, cardinal_error *error) {
  cardinal_walker walker;
  cardinal_layer layer;
  const size_t count = cardinal_walk_count(&net->spec, &net->value_count);
  net->steps = calloc(count, sizeof *net->steps);
  net->values = calloc(net->value_count, sizeof *net->values);
  if (!net->steps || !net->values)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for a list of %zu layers", count);

  cardinal_walk_start(&walker, &net->spec, desc->image_height, desc->image_width);
  while (cardinal_walk_next(&walker, &layer)) {
    cardinal_step *made = &net->steps[net->step_count++];
    made->shape = layer;
    if (!cardinal_layer_multiply_adds(&layer, &made->multiply_adds) ||
        __builtin_mul_overflow(made->multiply_adds, (uint64_t)desc->batch, &made->multiply_adds))
      return cardinal_net_fail(error, CARDINAL_OVERFLOW, "layer %s: its multiply-adds don't fit 64 bits", layer.name);
    if (cardinal_step_pools(made))
      describe_pool(net, &layer, &made->pool);
    else
      describe_conv(net, &layer, &made->conv);
  }
  return CARDINAL_OK;
}

/* Memory for the largest layer; one layer at a time is folded and packed, so that the folded weights of the network
 * never lie beside the packed ones. */
static cardinal_status allocate_fold(const cardinal_net *net, cardinal_fold *fold, cardinal_error *error) {
  size_t weights, channels;
  cardinal_net_largest_layer(net, &weights, &channels);
  return cardinal_fold_allocate(fold, weights, channels, error);
}

static cardinal_status pack_folded(cardinal_net *net, const cardinal_weights *weights, cardinal_fold *fold,
                                   cardinal_error *error) {
  cardinal_status status = CARDINAL_OK;
  for (size_t i = 0; !status && i < net->step_count; i++) {
    const cardinal_step *step = &net->steps[i];
    if (cardinal_step_pools(step))
      continue;
    status = cardinal_fold_layer(weights, &step->shape, fold, error);
    if (!status)
      status = cardinal_conv_weights_create(net->context, &step->conv, fold->weights, fold->bias, &net->packed->of[i],
                                            error);
  }
  return status;
}

/* Of weights that aren't quantised. */
static cardinal_status pack_floats(cardinal_net *net, const cardinal_weights *weights, cardinal_error *error) {
  cardinal_fold fold;
  cardinal_status status = allocate_fold(net, &fold, error);
  if (status)
    return status;
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  status = pack_folded(net, weights, &fold, error);
  cardinal_fp_leave(caller);
  cardinal_fold_free(&fold);
  return status;
}

/* Of packed weights. */
static cardinal_status make_plans(cardinal_net *net, cardinal_error *error) {
  for (size_t i = 0; i < net->step_count; i++) {
    cardinal_step *step = &net->steps[i];
    const cardinal_status status =
        cardinal_step_pools(step)
            ? cardinal_pool_create(net->context, &step->pool, &step->plan, error)
            : cardinal_conv_create_packed(net->context, &step->conv, net->packed->of[i], &step->plan, error);
    if (status)
      return status;
    net->weight_bytes += cardinal_plan_weight_bytes(step->plan);
  }
  return CARDINAL_OK;
}

/* Bytes of a layer's output as it lies in the arena. */
static cardinal_status output_bytes(const cardinal_net *net, const cardinal_layer *layer, size_t *bytes) {
  cardinal_status status = cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, net->batch, layer->out_channels,
                                                  layer->out_height, layer->out_width, bytes);
  if (!status && !cardinal_net_multiply(*bytes, cardinal_format_size(cardinal_net_format(net)), bytes))
    status = CARDINAL_OVERFLOW;
  return status;
}

/* Buffers 0 to value_count - 1 are the values, then come the steps' scratch memories. */
static cardinal_status plan_buffers(cardinal_net *net, cardinal_buffer *buffers, cardinal_error *error) {
  if (net->precision == CARDINAL_PRECISION_INT8 &&
      cardinal_int8_image_bytes(net, &buffers[CARDINAL_VALUE_IMAGES].bytes))
    return cardinal_net_fail(error, CARDINAL_OVERFLOW, "the size of the images doesn't fit memory");
  for (size_t i = 0; i < net->step_count; i++) {
    const cardinal_step *step = &net->steps[i];
    cardinal_buffer *y = &buffers[step->shape.y], *x = &buffers[step->shape.x];
    buffers[net->value_count + i] =
        (cardinal_buffer){.bytes = cardinal_plan_scratch_bytes(step->plan), .first = i, .last = i};
    x->last = i;
    if (step->shape.y == CARDINAL_VALUE_LOGITS)
      continue;
    if (!step->shape.adds_to_y)
      y->first = i;
    y->last = i;
    if (output_bytes(net, &step->shape, &y->bytes))
      return cardinal_net_fail(error, CARDINAL_OVERFLOW, "layer %s: the size of its output doesn't fit memory",
                               step->shape.name);
  }
  cardinal_status status = cardinal_arena_plan(buffers, net->value_count + net->step_count, &net->arena_bytes);
  if (!status && __builtin_add_overflow(net->arena_bytes, CARDINAL_ARENA_ALIGNMENT, &net->arena_bytes))
    status = CARDINAL_OVERFLOW;
  if (status == CARDINAL_OUT_OF_MEMORY)
    return cardinal_net_fail(error, status, "no memory to plan the memory of activations");
  if (status)
    return cardinal_net_fail(error, status, "the activations' size doesn't fit memory");
  for (size_t value = 0; value < net->value_count; value++)
    net->values[value] = buffers[value].offset;
  for (size_t i = 0; i < net->step_count; i++)
    net->steps[i].scratch = buffers[net->value_count + i].offset;
  return CARDINAL_OK;
}

static cardinal_status plan_memory(cardinal_net *net, cardinal_error *error) {
  cardinal_buffer *buffers = calloc(net->value_count + net->step_count, sizeof *buffers);
  if (!buffers)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to plan the memory of activations");
  cardinal_status status = plan_buffers(net, buffers, error);
  free(buffers);
  return status;
}

/* Sizes of what the caller brings along; all fit, since the plans do. */
static void set_outer_sizes(cardinal_net *net, const cardinal_net_desc *desc) {
  net->image_floats = (size_t)(desc->batch * 3 * desc->image_height * desc->image_width);
  net->feature_floats = (size_t)(desc->batch * cardinal_spec_features(&net->spec));
  net->logit_floats = (size_t)(desc->batch * net->spec.classes);
}

static cardinal_status choose_precision(cardinal_net *net, const cardinal_weights *weights, cardinal_precision wanted,
                                        cardinal_error *error) {
  const bool quantised = cardinal_is_quantised(&weights->table);
  net->precision = wanted != CARDINAL_PRECISION_DEFAULT ? wanted
                   : quantised                          ? CARDINAL_PRECISION_INT8
                                                        : CARDINAL_PRECISION_F32;
  if (quantised && net->precision != CARDINAL_PRECISION_INT8)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "%s: the weights are int8; expected that precision, not %s", weights->label,
                             cardinal_precision_name(net->precision));
  if (!quantised && net->precision == CARDINAL_PRECISION_INT8 && !cardinal_weights_are_synthetic(weights))
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "%s: the weights aren't int8; `cardinal quantize` makes such of them", weights->label);
  return CARDINAL_OK;
}

/* Weights that aren't quantised yet become so here, by what synthetic images give. */
static cardinal_status pack_int8(cardinal_net *net, const cardinal_weights *weights, const cardinal_net_desc *desc,
                                 cardinal_net_quantise *quantise, cardinal_error *error) {
  cardinal_weights *made = NULL;
  cardinal_status status = CARDINAL_OK;
  if (!cardinal_is_quantised(&weights->table)) {
    status = quantise(net->context, &net->spec, weights, desc, &made, error);
    weights = made;
  }
  if (!status)
    status = cardinal_int8_describe(net, weights, error);
  if (!status)
    status = cardinal_int8_pack(net, weights, error);
  cardinal_weights_destroy(made);
  return status;
}

static cardinal_status pack(cardinal_net *net, const cardinal_weights *weights, const cardinal_net_desc *desc,
                            cardinal_net_quantise *quantise, cardinal_error *error) {
  cardinal_status status = cardinal_match_tensors(&weights->table, weights->label, &net->spec, error);
  if (!status)
    status = choose_precision(net, weights, desc->precision, error);
  if (!status)
    status = list_layers(net, desc, error);
  if (status)
    return status;
  net->packed = cardinal_packed_create(net->step_count);
  if (!net->packed)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for the weights of %zu layers", net->step_count);
  return net->precision == CARDINAL_PRECISION_INT8 ? pack_int8(net, weights, desc, quantise, error)
                                                   : pack_floats(net, weights, error);
}

static cardinal_status share(cardinal_net *net, const cardinal_net *with, const cardinal_net_desc *desc,
                             cardinal_error *error) {
  net->precision = with->precision;
  if (desc->precision != CARDINAL_PRECISION_DEFAULT && desc->precision != with->precision)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "the weights to share are %s; expected that precision, not %s",
                             cardinal_precision_name(with->precision), cardinal_precision_name(desc->precision));
  cardinal_status status = list_layers(net, desc, error);
  if (status)
    return status;
  if (net->precision == CARDINAL_PRECISION_INT8)
    cardinal_int8_describe_alike(net, with);
  net->packed = cardinal_packed_hold(with->packed);
  return CARDINAL_OK;
}

/* What a caller asks for, checked. */
static cardinal_status take_desc(const cardinal_net_desc *from, cardinal_net_desc *desc, cardinal_error *error) {
  cardinal_net_desc_init_sized(desc, sizeof *desc);
  cardinal_status status = CARDINAL_OK;
  if (from)
    status = cardinal_net_take(desc, sizeof *desc, NET_DESC_LEAST, from, "the network's desc", error);
  if (!status)
    status = cardinal_image_size_check(desc->image_height, desc->image_width, error);
  if (status)
    return status;
  if (desc->batch < 1 || desc->batch > 1 << 20)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "the batch is %" PRId64 ", expected 1 to 2^20",
                             desc->batch);
  if (desc->flags)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "flags are 0x%" PRIx32 ", expected 0", desc->flags);
  if (desc->reserved)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "reserved is %" PRIu32 ", expected 0", desc->reserved);
  if (!cardinal_precision_name(desc->precision))
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "the precision is %d, not a cardinal_precision",
                             (int)desc->precision);
  return CARDINAL_OK;
}

/* An empty network. */
static cardinal_status start(const cardinal_context *context, const cardinal_net_spec *spec,
                             const cardinal_net_desc *desc, cardinal_net **net, cardinal_error *error) {
  *net = calloc(1, sizeof **net);
  if (!*net)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for a network");
  (*net)->context = context;
  (*net)->spec = *spec;
  (*net)->batch = desc->batch;
  return CARDINAL_OK;
}

/* Hands out a network with its weights, or destroys it. */
static cardinal_status finish(cardinal_net *made, const cardinal_net_desc *desc, cardinal_status status,
                              cardinal_net **net, cardinal_error *error) {
  if (!status)
    status = make_plans(made, error);
  if (!status)
    status = plan_memory(made, error);
  if (status) {
    cardinal_net_destroy(made);
    return status;
  }
  set_outer_sizes(made, desc);
  *net = made;
  return CARDINAL_OK;
}

cardinal_status cardinal_net_make(const cardinal_context *context, const cardinal_net_spec *spec,
                                  const cardinal_weights *weights, const cardinal_net_desc *desc,
                                  cardinal_net_quantise *quantise, cardinal_net **net, cardinal_error *error) {
  if (!context || !weights || !net)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "context, weights or net is NULL");
  cardinal_net_spec spec_taken;
  cardinal_net_desc desc_taken;
  cardinal_net *made;
  cardinal_status status = cardinal_spec_take(spec, &spec_taken, error);
  if (!status)
    status = take_desc(desc, &desc_taken, error);
  if (!status)
    status = start(context, &spec_taken, &desc_taken, &made, error);
  if (status)
    return status;
  return finish(made, &desc_taken, pack(made, weights, &desc_taken, quantise, error), net, error);
}

cardinal_status cardinal_net_create_sharing(const cardinal_context *context, const cardinal_net *with,
                                            const cardinal_net_desc *desc, cardinal_net **net, cardinal_error *error) {
  if (!context || !with || !net)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "context, with or net is NULL");
  cardinal_net_desc desc_taken;
  cardinal_net *made;
  cardinal_status status = take_desc(desc, &desc_taken, error);
  if (!status)
    status = start(context, &with->spec, &desc_taken, &made, error);
  if (status)
    return status;
  return finish(made, &desc_taken, share(made, with, &desc_taken, error), net, error);
}
