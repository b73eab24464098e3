/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/architecture.h"

#include <stdio.h>

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
  int64_t block_channels = (int64_t)spec->stage_channels << walker->stage;
  /* The stride is on the 3×3 of a stage's first block, as in torchvision; the first stage follows the max pool. */
  int64_t stride = walker->block == 0 && walker->stage > 0 ? 2 : 1;

  *layer = (cardinal_layer){.kind = CARDINAL_LAYER_CONV};
  switch (walker->step) {
  case STEP_STEM:
    set_names(layer, "conv1", "bn1");
    read_from(layer, &walker->inner, spec->stem_channels, 7, 2, 3);
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

static bool multiply(uint64_t *product, int64_t factor) {
  return !__builtin_mul_overflow(*product, (uint64_t)factor, product);
}

size_t cardinal_walk_count(const cardinal_net_spec *spec, size_t *values) {
  cardinal_walker walker;
  cardinal_layer layer;
  size_t layers = 0;
  cardinal_walk_start(&walker, spec, 224, 224);
  while (cardinal_walk_next(&walker, &layer))
    layers++;
  if (values)
    *values = walker.next_value;
  return layers;
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
