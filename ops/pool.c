/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of pooling: items are [image][block][row chunk]. */
#include "ops/drivers.h"
#include "ops/sizes.h"

static void pool_item(const cardinal_work *work, size_t item, void *scratch) {
  (void)scratch;
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const size_t row_chunks = cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  const size_t row_begin = item % row_chunks * plan->blocking.row_chunk;
  const size_t block = item / row_chunks % plan->grouping.units;
  const size_t image = item / row_chunks / plan->grouping.units;
  plan->kernel->pool(&(cardinal_pool_args){
      .x = cardinal_at(work->x, s->format, image * plan->x_image + block * s->in_height * s->in_width * CARDINAL_BLOCK),
      .y = cardinal_place(work->y, s->format,
                          image * plan->y_image + block * s->out_height * s->out_width * CARDINAL_BLOCK),
      .in_height = s->in_height,
      .in_width = s->in_width,
      .out_width = s->out_width,
      .row_begin = row_begin,
      .row_end = cardinal_min(row_begin + plan->blocking.row_chunk, s->out_height),
      .x_row = s->in_width * CARDINAL_BLOCK,
      .y_row = s->out_width * CARDINAL_BLOCK,
      .window = s->window,
      .lane_mask = cardinal_plan_lane_mask(plan, block, 0),
      .scale = plan->pool_scale,
  });
}

void cardinal_drive_pool(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  plan->blocking = cardinal_blocking_pool(s, &plan->grouping, &resources);
  plan->item = pool_item;
  plan->items = s->batch * plan->grouping.units * cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
}
