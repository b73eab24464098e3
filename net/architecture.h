/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The architecture, written down once: a walker yields the layers of a network in the order in which they run, with
 * names, shapes and wiring. Counts, the list of tensors, synthetic weights and the runner are all derived from it.
 */
#ifndef CARDINAL_NET_ARCHITECTURE_H
#define CARDINAL_NET_ARCHITECTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <cardinal/net.h>

enum {
  CARDINAL_STAGES = 4
};

/* Channels of the last stage's stream. */
static inline int64_t cardinal_spec_features(const cardinal_net_spec *spec) {
  return (int64_t)spec->stage_channels << (CARDINAL_STAGES - 1);
}

typedef enum cardinal_layer_kind {
  CARDINAL_LAYER_CONV,
  CARDINAL_LAYER_MAX_POOL,
  CARDINAL_LAYER_AVERAGE_POOL,
  CARDINAL_LAYER_FULLY_CONNECTED
} cardinal_layer_kind;

/* Wiring: each layer reads the value numbered `x` and writes the value numbered `y`. A block's last convolution adds
 * to its output what `y` held before (`adds_to_y`): the block's input, or the downsample branch. So the stream of a
 * stage is one value from end to end, updated in place. */
enum {
  CARDINAL_VALUE_IMAGES = 0,
  CARDINAL_VALUE_FEATURES = 1,
  CARDINAL_VALUE_LOGITS = 2,
  CARDINAL_VALUE_FIRST_INNER = 3
};

typedef struct cardinal_layer {
  cardinal_layer_kind kind;
  char name[40]; /* "layer1.0.conv2"; its weights are this and ".weight" */
  char norm[40]; /* name of the batch norm behind it, or "" */
  int64_t in_channels, in_height, in_width;
  int64_t out_channels, out_height, out_width;
  int64_t groups, kernel, stride, padding;
  bool relu;
  bool adds_to_y;
  uint32_t x, y;
} cardinal_layer;

/* A value on the way through the network. */
typedef struct cardinal_cursor {
  uint32_t value;
  int64_t channels, height, width;
} cardinal_cursor;

typedef struct cardinal_walker {
  const cardinal_net_spec *spec;
  uint32_t stage, block, step, next_value;
  cardinal_cursor stream; /* what the blocks add to */
  cardinal_cursor inner;  /* the newest value inside a block, or before the first one */
} cardinal_walker;

/* Starts at the stem. `spec` must outlive the walker, and come from cardinal_spec_take. */
void cardinal_walk_start(cardinal_walker *walker, const cardinal_net_spec *spec, int64_t image_height,
                         int64_t image_width);

/* Yields the next layer; false past the last. */
bool cardinal_walk_next(cardinal_walker *walker, cardinal_layer *layer);

/* Layers of the network; *values, if not NULL, becomes the number of values that they read and write. */
size_t cardinal_walk_count(const cardinal_net_spec *spec, size_t *values);

/* Multiply-adds of one image, padding taps counted; false on overflow. Pools count as none. */
bool cardinal_layer_multiply_adds(const cardinal_layer *layer, uint64_t *multiply_adds);

#endif /* CARDINAL_NET_ARCHITECTURE_H */
