/* SPDX-License-Identifier: BSD-3-Clause */
/* How an operator's work is cut into items and kernel calls: functions of shape, caches and threads alone. */
#ifndef CARDINAL_OPS_BLOCKING_H
#define CARDINAL_OPS_BLOCKING_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/shape.h"
#include "ops/grouping.h"

/* What an item computes, and a kernel call of it; each at least 1 where a driver uses it, 0 elsewhere. The last item in
 * a direction may be smaller. */
typedef struct cardinal_blocking {
  size_t row_chunk;        /* windows and pools: output rows an item */
  size_t pixel_chunk;      /* 1×1: output pixels an item */
  size_t block_chunk;      /* windows, 1×1 and fc: output blocks an item */
  size_t unit_chunk;       /* windows: units an item, whose output blocks it all has if they are more than one */
  size_t panels_scattered; /* windows: output blocks, of one or more units, that are computed before y is scattered */
} cardinal_blocking;

/* What the cutting depends on beside the shape. */
typedef struct cardinal_resources {
  size_t l2_bytes; /* of one core */
  size_t threads;
} cardinal_resources;

/* 1×1 convolutions, by a kernel that takes tiles of that many pixels and output blocks; `gathers`: each item copies the
 * pixels that it reads. */
cardinal_blocking cardinal_blocking_conv1x1(const cardinal_shape *shape, bool gathers, size_t tile_pixels,
                                            size_t tile_blocks, const cardinal_resources *resources);

/* Fully connected layers. */
cardinal_blocking cardinal_blocking_fc(size_t tile_blocks);

/* Which sides of a convolution with a window are brought to scratch and back, and how many blocks are best moved
 * together, at least 1. */
typedef struct cardinal_gathering {
  bool x, y;
  size_t y_number; /* bytes of a number of y */
  size_t panels;
} cardinal_gathering;

/* Windows. Where x is gathered, the rows of an item lie in scratch; where either side is, they are computed in bands.
 */
cardinal_blocking cardinal_blocking_conv(const cardinal_shape *shape, const cardinal_grouping *grouping,
                                         const cardinal_gathering *gathering, const cardinal_resources *resources);

/* Pools. */
cardinal_blocking cardinal_blocking_pool(const cardinal_shape *shape, const cardinal_grouping *grouping,
                                         const cardinal_resources *resources);

/* Bytes of scratch for the gathered input of some output rows of a unit. */
size_t cardinal_gathered_x_bytes(const cardinal_shape *shape, const cardinal_grouping *grouping, size_t rows);

/* Input rows that `rows` output rows span, if none is in the padding. */
size_t cardinal_rows_spanned(const cardinal_shape *shape, size_t rows);

#endif
