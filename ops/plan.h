/* SPDX-License-Identifier: BSD-3-Clause */
/* A plan's insides, shared by the drivers: one driver for each form of kernel. */
#ifndef CARDINAL_OPS_PLAN_H
#define CARDINAL_OPS_PLAN_H

#include "ops/context.h"
#include "ops/tensor.h"

enum {
  CARDINAL_PHASE_BYTES = 128,
  CARDINAL_ALIGNMENT = 64
};

static inline uintptr_t cardinal_align(uintptr_t address) {
  return (address + CARDINAL_ALIGNMENT - 1) / CARDINAL_ALIGNMENT * CARDINAL_ALIGNMENT;
}

/* Where the groups' channels lie in slot-aligned activations, and how the output is cut into units: a unit is the
 * least number of groups that fills whole blocks, 16/slot groups (one block) or one group (slot 16). */
typedef struct cardinal_grouping {
  size_t slot;
  size_t groups_per_unit, units;
  size_t in_blocks, out_blocks; /* of one unit */
  bool x_aligned, y_aligned;    /* whether the tensor's own channels lie slot-aligned already */
} cardinal_grouping;

typedef struct cardinal_work cardinal_work;

/* Does work item `item` of a phase; `scratch` is this worker's own, kept from item to item. Its first
 * CARDINAL_ALIGNMENT bytes are zero at the worker's first item. */
typedef void cardinal_item(const cardinal_work *work, size_t item, float *scratch);

struct cardinal_plan {
  const cardinal_context *context;
  const cardinal_kernel *kernel;
  cardinal_shape shape;
  cardinal_grouping grouping;
  cardinal_layout x_layout, y_layout; /* the caller's */
  uint32_t relu, has_residual;
  size_t out_channels;

  float *weights, *bias; /* packed; bias has 16 floats a block */
  size_t weight_floats, bias_floats;
  size_t panel_floats; /* packed weights of one output block */

  size_t x_floats, y_floats; /* of the caller's tensors */
  size_t x_image, y_image;   /* floats of one image in the layout that the kernel sees */

  /* The compute phase: how many items there are and what each is; fields used by one driver only are so named. */
  cardinal_item *item;
  size_t items;
  size_t worker_floats; /* scratch of one worker */
  size_t row_chunk;     /* conv, pool: output rows an item */
  size_t pixel_chunk;   /* conv1x1: output pixels an item */
  size_t block_chunk;   /* conv1x1, fc: output blocks an item */

  /* Scratch of a run, in bytes from its (aligned) start; whole-tensor copies exist where layouts differ. */
  size_t x_copy, y_copy, workers, scratch_bytes;
  bool converts_x, converts_y;
};

/* One run of a plan, or one phase of it. x, residual and y are in the layout that the kernel sees. */
struct cardinal_work {
  const cardinal_plan *plan;
  const float *x, *residual;
  float *y;
  const float *convert_from;
  float *convert_to;
  bool alone; /* on the calling thread, whatever the context's threads */
};

/* The drivers set up items and sizes for a plan whose shape, kernel and packed weights are known. */
void cardinal_plan_conv1x1(cardinal_plan *plan);
void cardinal_plan_fc(cardinal_plan *plan);
void cardinal_plan_conv(cardinal_plan *plan);
void cardinal_plan_pool(cardinal_plan *plan);

/* Bit mask of the lanes of an output block that hold channels. */
uint32_t cardinal_plan_lane_mask(const cardinal_plan *plan, size_t unit, size_t block);

static inline size_t cardinal_ceil_div(size_t a, size_t b) {
  return (a + b - 1) / b;
}

static inline size_t cardinal_min(size_t a, size_t b) {
  return a < b ? a : b;
}

static inline size_t cardinal_max(size_t a, size_t b) {
  return a > b ? a : b;
}

#endif
