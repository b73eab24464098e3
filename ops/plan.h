/* SPDX-License-Identifier: BSD-3-Clause */
/* A plan's insides: ops/create.c makes it, the driver of its kernel's form sets up its items, ops/run.c runs it. */
#ifndef CARDINAL_OPS_PLAN_H
#define CARDINAL_OPS_PLAN_H

#include "ops/blocking.h"
#include "ops/context.h"
#include "ops/foreign.h"
#include "ops/grouping.h"
#include "ops/weights.h"

enum {
  CARDINAL_PHASE_BYTES = 128
};

typedef struct cardinal_work cardinal_work;

/* Does work item `item` of a phase; `scratch` is this worker's own, kept from item to item. Its first
 * CARDINAL_ALIGNMENT bytes are zero at the worker's first item. */
typedef void cardinal_item(const cardinal_work *work, size_t item, float *scratch);

struct cardinal_plan {
  const cardinal_context *context;
  const cardinal_kernel *kernel; /* NULL if a plug-in's serves: */
  cardinal_basis basis;          /* why that kernel */
  cardinal_move_kernel *move;    /* between layouts */
  cardinal_foreign *foreign;     /* NULL if the context has no plug-in */
  cardinal_shape shape;          /* as the kernel sees it: with its own layout of x */
  cardinal_grouping grouping;
  cardinal_layout x_layout, y_layout; /* the caller's */
  cardinal_layout kernel_y_layout;    /* that of x is in the shape */
  uint32_t relu, has_residual;
  size_t out_channels;

  cardinal_conv_weights *packed; /* NULL for pools; one of its holders */

  size_t x_floats, y_floats; /* of the caller's tensors */
  size_t x_image, y_image;   /* floats of one image as the items see it */

  /* The compute phase: how many items there are and what each is. */
  cardinal_item *item;
  size_t items;
  size_t worker_floats; /* scratch of one worker */
  /* Whether the items of a convolution bring channels themselves to where the kernel wants them, and back. */
  bool gathers_x, gathers_y;
  size_t gathered_x_floats; /* the part of a worker's scratch that is x; y follows */
  cardinal_blocking blocking;

  /* Scratch of a run, in bytes from its (aligned) start; whole-tensor copies exist where layouts differ. */
  size_t x_copy, y_copy, workers, scratch_bytes;
  bool converts_x, converts_y;
};

/* One run of a plan, or one phase of it. x, residual and y are as the items see them: the caller's, or what was
 * converted from them. */
struct cardinal_work {
  const cardinal_plan *plan;
  const float *x, *residual;
  float *y;
  const float *convert_from;
  float *convert_to;
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

static inline uint32_t cardinal_plan_lane_mask(const cardinal_plan *plan, size_t unit, size_t block) {
  return cardinal_grouping_lane_mask(&plan->grouping, &plan->shape, unit, block);
}

#endif
