/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of pooling: items are [image][block]. */
#include "ops/plan.h"

static void pool_item(const cardinal_work *work, size_t item, float *scratch) {
  (void)scratch;
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const size_t blocks = plan->grouping.units;
  const size_t block = item % blocks, image = item / blocks;
  plan->kernel->pool(&(cardinal_pool_args){
      .x = work->x + image * plan->x_image + block * s->in_height * s->in_width * CARDINAL_BLOCK,
      .y = work->y + image * plan->y_image + block * s->out_height * s->out_width * CARDINAL_BLOCK,
      .in_height = s->in_height,
      .in_width = s->in_width,
      .out_width = s->out_width,
      .row_begin = 0,
      .row_end = s->out_height,
      .x_row = s->in_width * CARDINAL_BLOCK,
      .y_row = s->out_width * CARDINAL_BLOCK,
      .kernel_h = (uint32_t)s->kernel_h,
      .kernel_w = (uint32_t)s->kernel_w,
      .stride_h = (uint32_t)s->stride_h,
      .stride_w = (uint32_t)s->stride_w,
      .pad_top = (uint32_t)s->pad_top,
      .pad_left = (uint32_t)s->pad_left,
      .lane_mask = cardinal_plan_lane_mask(plan, block, 0),
  });
}

void cardinal_plan_pool(cardinal_plan *plan) {
  plan->item = pool_item;
  plan->items = plan->shape.batch * plan->grouping.units;
}
