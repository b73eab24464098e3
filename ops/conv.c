/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of convolutions with a window, grouped or not. */
#include <string.h>

#include "ops/drivers.h"
#include "ops/sizes.h"

/* What of an image one kernel call sees: input rows that exist, and output rows counted from the same top. */
typedef struct band {
  size_t in_height, row_begin, row_end, pad_top;
} band;

static void run_band(const cardinal_plan *plan, const float *x, const float *residual, float *y, size_t unit,
                     size_t block, band rows) {
  const cardinal_shape *s = &plan->shape;
  const bool planes = s->x_layout == CARDINAL_LAYOUT_NCHW;
  const size_t panel = unit * plan->grouping.out_blocks + block;
  cardinal_window window = s->window;
  window.pad_top = rows.pad_top;
  plan->kernel->conv(&(cardinal_conv_args){
      .x = x,
      .w = plan->packed->weights + panel * plan->packed->panel_floats,
      .bias = plan->packed->bias + panel * CARDINAL_BLOCK,
      .residual = residual,
      .y = y,
      .channels = s->in_per_group,
      .slot = plan->grouping.slot,
      .in_height = rows.in_height,
      .in_width = s->in_width,
      .out_width = s->out_width,
      .row_begin = rows.row_begin,
      .row_end = rows.row_end,
      .x_block = rows.in_height * s->in_width * (planes ? 1 : CARDINAL_BLOCK),
      .x_row = s->in_width * (planes ? 1 : CARDINAL_BLOCK),
      .y_row = s->out_width * CARDINAL_BLOCK,
      .window = window,
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
  const size_t row_chunks = cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  const size_t row_begin = item % row_chunks * plan->blocking.row_chunk;
  const size_t block = item / row_chunks % g->out_blocks;
  const size_t unit = item / row_chunks / g->out_blocks % g->units;
  const size_t image = item / row_chunks / g->out_blocks / g->units;
  const size_t x_block = s->in_height * s->in_width * CARDINAL_BLOCK;
  const size_t y_block = s->out_height * s->out_width * CARDINAL_BLOCK;
  const band rows = {.in_height = s->in_height,
                     .row_begin = row_begin,
                     .row_end = cardinal_min(row_begin + plan->blocking.row_chunk, s->out_height),
                     .pad_top = s->window.pad_top};

  const size_t offset = image * plan->y_image + (unit * g->out_blocks + block) * y_block;
  run_band(plan, work->x + image * plan->x_image + unit * g->in_blocks * x_block,
           work->residual ? work->residual + offset : NULL, work->y + offset, unit, block, rows);
}

/* A number of lanes of consecutive pixels. A constant number makes memcpy a few vector moves. */
static inline void copy_lanes(float *to, const float *from, size_t pixels, size_t lanes) {
  for (size_t p = 0; p < pixels * CARDINAL_BLOCK; p += CARDINAL_BLOCK)
    memcpy(to + p, from + p, lanes * sizeof(float));
}

static void copy_run(float *to, const float *from, size_t pixels, size_t lanes) {
  switch (lanes) {
  case 2:
    copy_lanes(to, from, pixels, 2);
    break;
  case 4:
    copy_lanes(to, from, pixels, 4);
    break;
  case 6:
    copy_lanes(to, from, pixels, 6);
    break;
  case 8:
    copy_lanes(to, from, pixels, 8);
    break;
  case 10:
    copy_lanes(to, from, pixels, 10);
    break;
  case 12:
    copy_lanes(to, from, pixels, 12);
    break;
  case 14:
    copy_lanes(to, from, pixels, 14);
    break;
  case 16:
    copy_lanes(to, from, pixels, 16);
    break;
  default:
    for (size_t lane = 0; lane < lanes; ++lane)
      copy_lanes(to + lane, from + lane, pixels, 1);
    break;
  }
}

/* The run of channels from `channel` of a group on that is consecutive in the tensor and in slot-aligned memory. */
typedef struct run {
  size_t lanes;
  size_t tensor_block, tensor_lane;
  size_t slots_block, slots_lane;
} run;

static run run_at(const cardinal_grouping *g, size_t unit, size_t group, size_t channel, size_t per_group) {
  const size_t in_tensor = (unit * g->groups_per_unit + group) * per_group + channel;
  const size_t in_slots = group * g->slot + channel;
  run r = {.tensor_block = in_tensor / CARDINAL_BLOCK,
           .tensor_lane = in_tensor % CARDINAL_BLOCK,
           .slots_block = in_slots / CARDINAL_BLOCK,
           .slots_lane = in_slots % CARDINAL_BLOCK};
  r.lanes = cardinal_min(per_group - channel, CARDINAL_BLOCK - cardinal_max(r.tensor_lane, r.slots_lane));
  return r;
}

static size_t groups_of_unit(const cardinal_plan *plan, size_t unit) {
  const size_t per_unit = plan->grouping.groups_per_unit;
  return cardinal_min(per_unit, plan->shape.groups - unit * per_unit);
}

/* Copies a unit's channels of `pixels` pixels from a blocked tensor, whose blocks are `block` floats apart, to
 * slot-aligned memory [block][pixels][16]. */
static void gather(const cardinal_plan *plan, size_t unit, size_t per_group, const float *tensor, size_t block,
                   float *slots, size_t pixels) {
  for (size_t group = 0; group < groups_of_unit(plan, unit); ++group)
    for (size_t channel = 0; channel < per_group;) {
      const run r = run_at(&plan->grouping, unit, group, channel, per_group);
      copy_run(slots + r.slots_block * pixels * CARDINAL_BLOCK + r.slots_lane,
               tensor + r.tensor_block * block + r.tensor_lane, pixels, r.lanes);
      channel += r.lanes;
    }
}

/* The way back. */
static void scatter(const cardinal_plan *plan, size_t unit, size_t per_group, const float *slots, size_t pixels,
                    float *tensor, size_t block) {
  for (size_t group = 0; group < groups_of_unit(plan, unit); ++group)
    for (size_t channel = 0; channel < per_group;) {
      const run r = run_at(&plan->grouping, unit, group, channel, per_group);
      copy_run(tensor + r.tensor_block * block + r.tensor_lane,
               slots + r.slots_block * pixels * CARDINAL_BLOCK + r.slots_lane, pixels, r.lanes);
      channel += r.lanes;
    }
}

/* Groups straddle blocks: items are [image][unit][row chunk]. What a chunk reads is gathered into scratch, as if it
 * were an image of its own, computed there and scattered. */
static void gathered_item(const cardinal_work *work, size_t item, float *scratch) {
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const size_t row_chunks = cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  const size_t row_begin = item % row_chunks * plan->blocking.row_chunk;
  const size_t rows = cardinal_min(plan->blocking.row_chunk, s->out_height - row_begin);
  const size_t unit = item / row_chunks % g->units;
  const size_t image = item / row_chunks / g->units;

  /* input rows, counted from the top of the padding, then from the image's */
  const size_t first = row_begin * s->window.stride_h, end = first + cardinal_rows_spanned(s, rows);
  const size_t in_begin = cardinal_min(first > s->window.pad_top ? first - s->window.pad_top : 0, s->in_height);
  const size_t in_end = cardinal_min(end > s->window.pad_top ? end - s->window.pad_top : 0, s->in_height);
  const band chunk = {.in_height = in_end > in_begin ? in_end - in_begin : 0,
                      .row_begin = 0,
                      .row_end = rows,
                      .pad_top = first < s->window.pad_top ? s->window.pad_top - first : 0};
  const size_t in_pixels = chunk.in_height * s->in_width, out_pixels = rows * s->out_width;

  const size_t x_block = s->in_height * s->in_width * CARDINAL_BLOCK;
  gather(plan, unit, s->in_per_group, work->x + image * plan->x_image + in_begin * s->in_width * CARDINAL_BLOCK,
         x_block, scratch, in_pixels);

  const size_t y_block = s->out_height * s->out_width * CARDINAL_BLOCK;
  const size_t offset = image * plan->y_image + row_begin * s->out_width * CARDINAL_BLOCK;
  float *y_slots = scratch + g->in_blocks * in_pixels * CARDINAL_BLOCK;
  if (work->residual)
    gather(plan, unit, s->out_per_group, work->residual + offset, y_block, y_slots, out_pixels);
  for (size_t block = 0; block < g->out_blocks; ++block) {
    float *y = y_slots + block * out_pixels * CARDINAL_BLOCK;
    run_band(plan, scratch, work->residual ? y : NULL, y, unit, block, chunk);
  }
  scatter(plan, unit, s->out_per_group, y_slots, out_pixels, work->y + offset, y_block);

  if (unit + 1 == g->units) /* the last one also clears the tensor's padding lanes */
    for (size_t c = plan->out_channels; c % CARDINAL_BLOCK != 0; ++c)
      for (size_t p = 0; p < out_pixels; ++p)
        work->y[offset + c / CARDINAL_BLOCK * y_block + p * CARDINAL_BLOCK + c % CARDINAL_BLOCK] = 0.0f;
}

void cardinal_drive_conv(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  const bool aligned = g->x_aligned && g->y_aligned;
  plan->blocking = cardinal_blocking_conv(s, g, &resources);
  plan->item = aligned ? aligned_item : gathered_item;
  plan->items =
      s->batch * g->units * (aligned ? g->out_blocks : 1) * cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  if (!aligned)
    plan->worker_floats = cardinal_gathered_floats(s, g, plan->blocking.row_chunk);
}
