/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/architecture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/common.h"

typedef struct {
  const char *name;
  uint32_t depth, cardinality, width_per_group;
} named_model;

static const named_model models[] = {
    {"resnet50", 50, 1, 64},          {"resnet101", 101, 1, 64},        {"resnext50_32x4d", 50, 32, 4},
    {"resnext101_32x4d", 101, 32, 4}, {"resnext101_32x8d", 101, 32, 8}, {"resnext101_64x4d", 101, 64, 4},
};
enum {
  MODEL_COUNT = sizeof models / sizeof models[0]
};

const char *cardinal_net_model_name(size_t index) {
  return index < MODEL_COUNT ? models[index].name : NULL;
}

void cardinal_spec_set_name(cardinal_net_spec *spec) {
  uint32_t blocks = 0;
  for (int stage = 0; stage < CARDINAL_STAGES; stage++)
    blocks += spec->blocks[stage];
  /* Three convolutions a block, the stem and the fully connected layer. */
  uint32_t depth = 3 * blocks + 2;
  if (spec->cardinality == 1 && spec->width_per_group == 64)
    snprintf(spec->name, sizeof spec->name, "resnet%" PRIu32, depth);
  else
    snprintf(spec->name, sizeof spec->name, "resnext%" PRIu32 "_%" PRIu32 "x%" PRIu32 "d", depth, spec->cardinality,
             spec->width_per_group);
}

cardinal_status cardinal_net_spec_custom(uint32_t depth, uint32_t cardinality, uint32_t width_per_group,
                                         cardinal_net_spec *spec, cardinal_error *error) {
  if (!spec)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "spec is NULL");
  if (depth != 50 && depth != 101)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "depth is %" PRIu32 "; 50 and 101 are known", depth);
  cardinal_net_spec made = {
      .struct_size = sizeof made,
      .blocks = {3, 4, depth == 50 ? 6 : 23, 3},
      .cardinality = cardinality,
      .width_per_group = width_per_group,
      .classes = 1000,
  };
  cardinal_spec_set_name(&made);
  return cardinal_spec_take(&made, spec, error);
}

cardinal_status cardinal_net_spec_named(const char *name, cardinal_net_spec *spec, cardinal_error *error) {
  if (!name)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "the model's name is NULL");
  for (size_t i = 0; i < MODEL_COUNT; i++)
    if (!strcmp(name, models[i].name))
      return cardinal_net_spec_custom(models[i].depth, models[i].cardinality, models[i].width_per_group, spec, error);

  char known[256] = "";
  for (size_t i = 0; i < MODEL_COUNT; i++) {
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", models[i].name);
  }
  return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "unknown model \"%.100s\"; known models: %s", name, known);
}

cardinal_status cardinal_spec_take(const cardinal_net_spec *spec, cardinal_net_spec *taken, cardinal_error *error) {
  cardinal_net_spec made = {0};
  cardinal_status status = cardinal_net_copy_desc(&made, sizeof made, spec, "spec", error);
  if (status)
    return status;
  for (int stage = 0; stage < CARDINAL_STAGES; stage++)
    if (made.blocks[stage] < 1 || made.blocks[stage] > CARDINAL_MAX_BLOCKS)
      return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "spec.blocks[%d] is %" PRIu32 ", expected 1 to %d",
                               stage, made.blocks[stage], CARDINAL_MAX_BLOCKS);
  if (made.cardinality < 1 || made.cardinality > 1024)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinality is %" PRIu32 ", expected 1 to 1024",
                             made.cardinality);
  if (made.width_per_group < 1 || made.width_per_group > 1024)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "width per group is %" PRIu32 ", expected 1 to 1024",
                             made.width_per_group);
  if (made.classes < 1 || made.classes > 1u << 24)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "spec.classes is %" PRIu32 ", expected 1 to 2^24",
                             made.classes);
  made.struct_size = sizeof made;
  made.name[sizeof made.name - 1] = '\0';
  *taken = made;
  return CARDINAL_OK;
}

/* ---- the walker --------------------------------------------------------------------------------------------- */

enum {
  STEP_STEM,
  STEP_MAX_POOL,
  STEP_CONV1,
  STEP_CONV2,
  STEP_DOWNSAMPLE,
  STEP_CONV3,
  STEP_AVERAGE_POOL,
  STEP_FULLY_CONNECTED,
  STEP_END
};

void cardinal_walk_start(cardinal_walker *walker, const cardinal_net_spec *spec, int64_t image_height,
                         int64_t image_width) {
  *walker = (cardinal_walker){
      .spec = spec,
      .step = STEP_STEM,
      .next_value = CARDINAL_VALUE_FIRST_INNER,
      .inner = {.value = CARDINAL_VALUE_IMAGES, .channels = 3, .height = image_height, .width = image_width},
  };
}

static int64_t window_count(int64_t size, int64_t kernel, int64_t stride, int64_t padding) {
  return (size + 2 * padding - kernel) / stride + 1;
}

/* The layer slides a kernel×kernel window over `from`. */
static void read_from(cardinal_layer *layer, const cardinal_cursor *from, int64_t out_channels, int64_t kernel,
                      int64_t stride, int64_t padding) {
  layer->x = from->value;
  layer->in_channels = from->channels;
  layer->in_height = from->height;
  layer->in_width = from->width;
  layer->out_channels = out_channels;
  layer->out_height = window_count(from->height, kernel, stride, padding);
  layer->out_width = window_count(from->width, kernel, stride, padding);
  layer->groups = 1;
  layer->kernel = kernel;
  layer->stride = stride;
  layer->padding = padding;
}

/* The layer's output is `value`, and `to` stands there from now on. */
static void write_to(cardinal_layer *layer, cardinal_cursor *to, uint32_t value) {
  layer->y = value;
  *to = (cardinal_cursor){value, layer->out_channels, layer->out_height, layer->out_width};
}

static void set_names(cardinal_layer *layer, const char *name, const char *norm) {
  snprintf(layer->name, sizeof layer->name, "%s", name);
  snprintf(layer->norm, sizeof layer->norm, "%s", norm);
}

static void set_block_names(const cardinal_walker *walker, cardinal_layer *layer, const char *conv, const char *norm) {
  snprintf(layer->name, sizeof layer->name, "layer%u.%u.%.16s", walker->stage + 1, walker->block, conv);
  snprintf(layer->norm, sizeof layer->norm, "layer%u.%u.%.16s", walker->stage + 1, walker->block, norm);
}

static void next_block(cardinal_walker *walker) {
  walker->step = STEP_CONV1;
  if (++walker->block < walker->spec->blocks[walker->stage])
    return;
  walker->block = 0;
  if (++walker->stage == CARDINAL_STAGES)
    walker->step = STEP_AVERAGE_POOL;
}

bool cardinal_walk_next(cardinal_walker *walker, cardinal_layer *layer) {
  const cardinal_net_spec *spec = walker->spec;
  int64_t width = (int64_t)spec->width_per_group * spec->cardinality << walker->stage;
  int64_t block_channels = (int64_t)256 << walker->stage;
  /* The stride is on the 3×3 of a stage's first block, as in torchvision; the first stage follows the max pool. */
  int64_t stride = walker->block == 0 && walker->stage > 0 ? 2 : 1;

  *layer = (cardinal_layer){.kind = CARDINAL_LAYER_CONV};
  switch (walker->step) {
  case STEP_STEM:
    set_names(layer, "conv1", "bn1");
    read_from(layer, &walker->inner, CARDINAL_STEM_CHANNELS, 7, 2, 3);
    write_to(layer, &walker->inner, walker->next_value++);
    layer->relu = true;
    walker->step = STEP_MAX_POOL;
    return true;
  case STEP_MAX_POOL:
    layer->kind = CARDINAL_LAYER_MAX_POOL;
    set_names(layer, "maxpool", "");
    read_from(layer, &walker->inner, walker->inner.channels, 3, 2, 1);
    write_to(layer, &walker->stream, walker->next_value++);
    walker->step = STEP_CONV1;
    return true;
  case STEP_CONV1:
    set_block_names(walker, layer, "conv1", "bn1");
    read_from(layer, &walker->stream, width, 1, 1, 0);
    write_to(layer, &walker->inner, walker->next_value++);
    layer->relu = true;
    walker->step = STEP_CONV2;
    return true;
  case STEP_CONV2:
    set_block_names(walker, layer, "conv2", "bn2");
    read_from(layer, &walker->inner, width, 3, stride, 1);
    write_to(layer, &walker->inner, walker->next_value++);
    layer->groups = spec->cardinality;
    layer->relu = true;
    walker->step = walker->block == 0 ? STEP_DOWNSAMPLE : STEP_CONV3;
    return true;
  case STEP_DOWNSAMPLE:
    set_block_names(walker, layer, "downsample.0", "downsample.1");
    read_from(layer, &walker->stream, block_channels, 1, stride, 0);
    write_to(layer, &walker->stream, walker->next_value++);
    walker->step = STEP_CONV3;
    return true;
  case STEP_CONV3:
    set_block_names(walker, layer, "conv3", "bn3");
    read_from(layer, &walker->inner, block_channels, 1, 1, 0);
    write_to(layer, &walker->stream, walker->stream.value);
    layer->relu = true;
    layer->adds_to_y = true;
    next_block(walker);
    return true;
  case STEP_AVERAGE_POOL:
    layer->kind = CARDINAL_LAYER_AVERAGE_POOL;
    set_names(layer, "avgpool", "");
    read_from(layer, &walker->stream, walker->stream.channels, 1, 1, 0);
    layer->out_height = layer->out_width = 1;
    write_to(layer, &walker->inner, CARDINAL_VALUE_FEATURES);
    walker->step = STEP_FULLY_CONNECTED;
    return true;
  case STEP_FULLY_CONNECTED:
    layer->kind = CARDINAL_LAYER_FULLY_CONNECTED;
    set_names(layer, "fc", "");
    read_from(layer, &walker->inner, spec->classes, 1, 1, 0);
    write_to(layer, &walker->inner, CARDINAL_VALUE_LOGITS);
    walker->step = STEP_END;
    return true;
  default:
    return false;
  }
}

/* ---- counting ----------------------------------------------------------------------------------------------- */

static bool multiply(uint64_t *product, int64_t factor) {
  return !__builtin_mul_overflow(*product, (uint64_t)factor, product);
}

bool cardinal_layer_multiply_adds(const cardinal_layer *layer, uint64_t *multiply_adds) {
  *multiply_adds = 0;
  if (layer->kind == CARDINAL_LAYER_MAX_POOL || layer->kind == CARDINAL_LAYER_AVERAGE_POOL)
    return true;
  uint64_t product = (uint64_t)(layer->in_channels / layer->groups);
  bool fits = multiply(&product, layer->out_channels) && multiply(&product, layer->kernel * layer->kernel) &&
              multiply(&product, layer->out_height) && multiply(&product, layer->out_width);
  if (fits)
    *multiply_adds = product;
  return fits;
}

cardinal_status cardinal_image_size_check(int64_t height, int64_t width, cardinal_error *error) {
  if (height < CARDINAL_MIN_IMAGE || height > CARDINAL_MAX_IMAGE || width < CARDINAL_MIN_IMAGE ||
      width > CARDINAL_MAX_IMAGE)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "the image is %" PRId64 "×%" PRId64 ", expected %d to %d rows and columns", height, width,
                             CARDINAL_MIN_IMAGE, CARDINAL_MAX_IMAGE);
  return CARDINAL_OK;
}

cardinal_status cardinal_net_count(const cardinal_net_spec *spec, int64_t image_height, int64_t image_width,
                                   uint64_t *parameters, uint64_t *multiply_adds, cardinal_error *error) {
  cardinal_net_spec taken;
  cardinal_status status = cardinal_spec_take(spec, &taken, error);
  if (!status)
    status = cardinal_image_size_check(image_height, image_width, error);
  if (status)
    return status;

  uint64_t parameter_sum = 0, multiply_add_sum = 0;
  cardinal_walker walker;
  cardinal_layer layer;
  cardinal_walk_start(&walker, &taken, image_height, image_width);
  while (cardinal_walk_next(&walker, &layer)) {
    uint64_t layer_multiply_adds;
    if (!cardinal_layer_multiply_adds(&layer, &layer_multiply_adds) ||
        __builtin_add_overflow(multiply_add_sum, layer_multiply_adds, &multiply_add_sum))
      return cardinal_net_fail(error, CARDINAL_OVERFLOW, "the multiply-adds of %s don't fit 64 bits", taken.name);
    if (layer.kind != CARDINAL_LAYER_CONV && layer.kind != CARDINAL_LAYER_FULLY_CONNECTED)
      continue;
    /* At most 2^23 channels on either side, 2^10 blocks a stage: no overflow here. */
    uint64_t out_channels = (uint64_t)layer.out_channels;
    uint64_t scales_and_shifts = layer.kind == CARDINAL_LAYER_CONV ? 2 : 1;
    parameter_sum += out_channels * (uint64_t)(layer.in_channels / layer.groups * layer.kernel * layer.kernel);
    parameter_sum += out_channels * scales_and_shifts;
  }
  if (parameters)
    *parameters = parameter_sum;
  if (multiply_adds)
    *multiply_adds = multiply_add_sum;
  return CARDINAL_OK;
}
