/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of convolutions with a window, grouped or not. */
#include "ops/plan.h"

static void run_rows(const cardinal_plan *plan, const float *x, const float *residual, float *y, size_t unit,
                     size_t block, size_t row_begin, size_t row_end) {
  const cardinal_shape *s = &plan->shape;
  const bool planes = s->x_layout == CARDINAL_LAYOUT_NCHW;
  const size_t panel = unit * plan->grouping.out_blocks + block;
  plan->kernel->conv(&(cardinal_conv_args){
      .x = x,
      .w = plan->weights + panel * plan->panel_floats,
      .bias = plan->bias + panel * CARDINAL_BLOCK,
      .residual = residual,
      .y = y,
      .channels = s->in_per_group,
      .slot = plan->grouping.slot,
      .in_height = s->in_height,
      .in_width = s->in_width,
      .out_width = s->out_width,
      .row_begin = row_begin,
      .row_end = row_end,
      .x_block = s->in_height * s->in_width * (planes ? 1 : CARDINAL_BLOCK),
      .x_row = s->in_width * (planes ? 1 : CARDINAL_BLOCK),
      .y_row = s->out_width * CARDINAL_BLOCK,
      .kernel_h = (uint32_t)s->kernel_h,
      .kernel_w = (uint32_t)s->kernel_w,
      .stride_h = (uint32_t)s->stride_h,
      .stride_w = (uint32_t)s->stride_w,
      .dilation_h = (uint32_t)s->dilation_h,
      .dilation_w = (uint32_t)s->dilation_w,
      .pad_top = (uint32_t)s->pad_top,
      .pad_left = (uint32_t)s->pad_left,
      .lane_mask = cardinal_plan_lane_mask(plan, unit, block),
      .relu = plan->relu,
  });
}

/* Groups lie slot-aligned: items are [image][unit][output block][row chunk]. */
static void aligned_item(const cardinal_work *work, size_t item, float *scratch) {
  (void)scratch;
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const size_t row_chunks = cardinal_ceil_div(s->out_height, plan->row_chunk);
  const size_t row_begin = item % row_chunks * plan->row_chunk;
  const size_t row_end = cardinal_min(row_begin + plan->row_chunk, s->out_height);
  const size_t block = item / row_chunks % g->out_blocks;
  const size_t unit = item / row_chunks / g->out_blocks % g->units;
  const size_t image = item / row_chunks / g->out_blocks / g->units;
  const size_t x_block = s->in_height * s->in_width * CARDINAL_BLOCK;
  const size_t y_block = s->out_height * s->out_width * CARDINAL_BLOCK;

  const size_t offset = image * plan->y_image + (unit * g->out_blocks + block) * y_block;
  run_rows(plan, work->x + image * plan->x_image + unit * g->in_blocks * x_block,
           work->residual ? work->residual + offset : NULL, work->y + offset, unit, block, row_begin, row_end);
}

/* Where channel `channel` of slot-aligned unit memory lies: [block][pixels][16]. */
static float *slot_at(const cardinal_grouping *g, float *unit, size_t pixels, size_t group, size_t channel) {
  const size_t lane = g->slot < CARDINAL_BLOCK ? group * g->slot + channel : channel % CARDINAL_BLOCK;
  const size_t block = g->slot < CARDINAL_BLOCK ? 0 : channel / CARDINAL_BLOCK;
  return unit + block * pixels * CARDINAL_BLOCK + lane;
}

typedef enum direction { GATHER, SCATTER } direction;

/* Copies a unit's channels between a blocked tensor and slot-aligned scratch. */
static void move_unit(const cardinal_plan *plan, size_t unit, size_t per_group, size_t pixels, float *tensor,
                      float *slots, direction way) {
  const cardinal_grouping *g = &plan->grouping;
  for (size_t group = 0; group < g->groups_per_unit && unit * g->groups_per_unit + group < plan->shape.groups; ++group)
    for (size_t c = 0; c < per_group; ++c) {
      const size_t channel = (unit * g->groups_per_unit + group) * per_group + c;
      float *in_tensor = tensor + cardinal_tensor_at(CARDINAL_LAYOUT_BLOCKED16, 0, pixels, channel, 0);
      float *in_slots = slot_at(g, slots, pixels, group, c);
      float *to = way == GATHER ? in_slots : in_tensor;
      const float *from = way == GATHER ? in_tensor : in_slots;
      for (size_t p = 0; p < pixels * CARDINAL_BLOCK; p += CARDINAL_BLOCK)
        to[p] = from[p];
    }
}

/* Groups straddle blocks: items are [image][unit]; the unit is gathered, computed and scattered in scratch. */
static void gathered_item(const cardinal_work *work, size_t item, float *scratch) {
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const size_t unit = item % g->units, image = item / g->units;
  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;

  /* gather only reads the tensor */
  move_unit(plan, unit, s->in_per_group, in_pixels, (float *)(uintptr_t)(work->x + image * plan->x_image), scratch,
            GATHER);
  float *y_slots = scratch + g->in_blocks * in_pixels * CARDINAL_BLOCK;
  if (work->residual)
    move_unit(plan, unit, s->out_per_group, out_pixels, (float *)(uintptr_t)(work->residual + image * plan->y_image),
              y_slots, GATHER);
  for (size_t block = 0; block < g->out_blocks; ++block) {
    float *y = y_slots + block * out_pixels * CARDINAL_BLOCK;
    run_rows(plan, scratch, work->residual ? y : NULL, y, unit, block, 0, s->out_height);
  }
  float *y_image = work->y + image * plan->y_image;
  move_unit(plan, unit, s->out_per_group, out_pixels, y_image, y_slots, SCATTER);

  if (unit + 1 == g->units) /* the last one also clears the tensor's padding lanes */
    for (size_t c = plan->out_channels; c % CARDINAL_BLOCK != 0; ++c)
      for (size_t p = 0; p < out_pixels; ++p)
        y_image[cardinal_tensor_at(CARDINAL_LAYOUT_BLOCKED16, 0, out_pixels, c, p)] = 0.0f;
}

void cardinal_plan_conv(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  if (!g->x_aligned || !g->y_aligned) {
    plan->item = gathered_item;
    plan->items = s->batch * g->units;
    plan->worker_floats = (g->in_blocks * s->in_height * s->in_width + g->out_blocks * s->out_height * s->out_width) *
                          CARDINAL_BLOCK;
    plan->row_chunk = s->out_height;
    return;
  }
  const size_t blocks = s->batch * g->units * g->out_blocks;
  const size_t wanted = plan->context->threads > 1 ? 8 * (size_t)plan->context->threads : 1;
  const size_t chunks = cardinal_min(cardinal_ceil_div(wanted, blocks), s->out_height);
  plan->row_chunk = cardinal_ceil_div(s->out_height, chunks);
  plan->item = aligned_item;
  plan->items = blocks * cardinal_ceil_div(s->out_height, plan->row_chunk);
}
