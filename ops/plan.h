/* SPDX-License-Identifier: BSD-3-Clause */
/* A plan's insides: ops/create.c makes it, the driver of its kernel's form sets up its items, ops/run.c runs it. */
#ifndef CARDINAL_OPS_PLAN_H
#define CARDINAL_OPS_PLAN_H

#include "ops/blocking.h"
#include "ops/context.h"
#include "ops/foreign.h"
#include "ops/grouping.h"
#include "kernels/format.h"
#include "ops/tensor.h"
#include "ops/weights.h"

enum {
  CARDINAL_PHASE_BYTES = 128
};

typedef struct cardinal_work cardinal_work;

/* Does work item `item` of a phase; `scratch` is this worker's own, kept from item to item. Its first
 * CARDINAL_ALIGNMENT bytes are zero at the worker's first item. */
typedef void cardinal_item(const cardinal_work *work, size_t item, void *scratch);

struct cardinal_plan {
  const cardinal_context *context;
  const cardinal_kernel *kernel; /* NULL if a plug-in's serves: */
  cardinal_basis basis;          /* why that kernel */
  cardinal_transfer take_x;      /* from the caller's x to the kernel's */
  cardinal_transfer move_y;      /* of y and the residual between layouts */
  cardinal_foreign *foreign;     /* NULL if the context has no plug-in */
  cardinal_shape shape;          /* as the kernel sees it: with its own layout of x */
  cardinal_grouping grouping;
  cardinal_layout x_layout, y_layout; /* the caller's */
  cardinal_layout kernel_y_layout;    /* that of x is in the shape */
  cardinal_format x_format, y_format; /* the caller's; the kernel's y has the same */
  uint32_t relu, has_residual;
  size_t out_channels;

  cardinal_conv_weights *packed; /* NULL for pools; one of its holders */
  /* What sums become, 16 numbers a block of outputs: the weights' bias, or that and the scale in memory of the plan. */
  const float *bias, *scale;
  float *rescaling; /* int8: what holds both */
  size_t rescaling_bytes;
  float residual_scale, pool_scale;

  size_t x_numbers, y_numbers; /* of the caller's tensors */
  size_t x_image, y_image;     /* numbers of one image as the items see it */

  /* The compute phase: how many items there are and what each is. */
  cardinal_item *item;
  size_t items;
  size_t worker_bytes; /* scratch of one worker */
  /* Whether the items of a convolution bring channels themselves to where the kernel wants them, and back. */
  bool gathers_x, gathers_y;
  size_t gathered_x_bytes; /* the part of a worker's scratch that is x, in whole lines; y follows */
  cardinal_blocking blocking;

  /* Scratch of a run, in bytes from its (aligned) start; whole-tensor copies exist where layouts differ. */
  size_t x_copy, y_copy, workers, scratch_bytes;
  bool converts_x, converts_y;
};

/* One run of a plan, or one phase of it. x, residual and y are as the items see them: the caller's, or what was
 * converted from them. */
struct cardinal_work {
  const cardinal_plan *plan;
  const void *x, *residual;
  void *y;
  const void *convert_from;
  void *convert_to;
  bool alone; /* on the calling thread, whatever the context's threads */
};

/* Whether a plug-in's kernel serves the plan. */
static inline bool cardinal_plan_is_foreign(const cardinal_plan *plan) {
  return plan->foreign && plan->foreign->kernel;
}

/* What the blocking may count on. */
static inline cardinal_resources cardinal_plan_resources(const cardinal_plan *plan) {
  return (cardinal_resources){.l2_bytes = plan->context->topology.l2_bytes, .threads = plan->context->threads};
}

/* Number `index` of y or the residual, or nothing of nothing. */
static inline const void *cardinal_plan_residual_at(const cardinal_plan *plan, const void *residual, size_t index) {
  return residual ? cardinal_at(residual, plan->y_format, index) : NULL;
}

/* Whether kernels write floats instead of numbers of their format. */
static inline uint32_t cardinal_plan_y_f32(const cardinal_plan *plan) {
  return plan->shape.format != CARDINAL_FORMAT_F32 && plan->y_format == CARDINAL_FORMAT_F32;
}

/* Where the scale of a block of outputs lies; NULL if the format has none. */
static inline const float *cardinal_plan_scale(const cardinal_plan *plan, size_t block) {
  return plan->scale ? plan->scale + block * CARDINAL_BLOCK : NULL;
}

/* The packed weights of a panel. */
static inline const void *cardinal_plan_panel(const cardinal_plan *plan, size_t panel) {
  return (const char *)plan->packed->weights + panel * plan->packed->panel_words * CARDINAL_CELL_BYTES;
}

/* Whether the last cell of a pixel's channels has some that don't exist. In bf16 they must be zeros, whatever lies in
 * the caller's tensor, and so are brought to scratch. In slots of one lane there is no room for them, and kernels read
 * the one that exists. */
static inline bool cardinal_plan_has_odd_cell(const cardinal_plan *plan) {
  return plan->grouping.slot != 1 && plan->shape.in_per_group % cardinal_cell_channels(plan->shape.format) != 0;
}

static inline uint32_t cardinal_plan_lane_mask(const cardinal_plan *plan, size_t unit, size_t block) {
  return cardinal_grouping_lane_mask(&plan->grouping, &plan->shape, unit, block);
}

#endif
