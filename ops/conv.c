/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of convolutions with a window, grouped or not. */
#include <string.h>

#include "ops/drivers.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

/* One side of a convolution: how its tensor's images lie, and how many channels a group has. */
typedef struct conv_side {
  cardinal_image_layout image;
  const cardinal_transfer *transfer;
  size_t per_group, width;
} conv_side;

static conv_side x_side(const cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  return (conv_side){.image = {plan->x_layout, s->groups * s->in_per_group, s->in_height * s->in_width},
                     .transfer = &plan->take_x,
                     .per_group = s->in_per_group,
                     .width = s->in_width};
}

static conv_side y_side(const cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  return (conv_side){.image = {plan->y_layout, plan->out_channels, s->out_height * s->out_width},
                     .transfer = &plan->move_y,
                     .per_group = s->out_per_group,
                     .width = s->out_width};
}

/* Lanes of a block of slots whose channels lie one after the other in the tensor, too. */
typedef struct run {
  size_t lane, lanes, channel;
} run;

/* The first run at or after `lane`; no lanes if there is none. */
static run next_run(const cardinal_plan *plan, const conv_side *side, size_t unit, size_t block, size_t lane) {
  run r = {.lane = lane};
  const cardinal_grouping *g = &plan->grouping;
  while (r.lane < CARDINAL_BLOCK &&
         !cardinal_grouping_channel(g, plan->shape.groups, side->per_group, unit, block, r.lane, &r.channel))
    ++r.lane;
  for (size_t channel = r.channel; r.lane + r.lanes < CARDINAL_BLOCK; ++r.lanes) {
    const bool follows =
        cardinal_grouping_channel(g, plan->shape.groups, side->per_group, unit, block, r.lane + r.lanes, &channel) &&
        channel == r.channel + r.lanes;
    const bool next_block = side->image.layout == CARDINAL_LAYOUT_BLOCKED16 && r.lanes && channel % CARDINAL_BLOCK == 0;
    if (!follows || next_block)
      break;
  }
  return r;
}

/* Copies what the lanes of a unit's block hold, `pixels` pixels from `first` on, from an image to slots [pixels][16].
 */
static void gather(const cardinal_plan *plan, const conv_side *side, size_t unit, size_t block, const void *image,
                   size_t first, size_t pixels, void *slots) {
  for (run r = next_run(plan, side, unit, block, 0); r.lanes; r = next_run(plan, side, unit, block, r.lane + r.lanes))
    cardinal_tensor_gather(side->transfer, &side->image, image, r.channel, r.lanes, first, pixels,
                           cardinal_place(slots, side->transfer->to, r.lane));
}

/* The way back. The last block of an image also clears a blocked tensor's padding lanes. */
static void scatter(const cardinal_plan *plan, const conv_side *side, size_t unit, size_t block, const void *slots,
                    size_t first, size_t pixels, void *image) {
  const cardinal_format format = side->transfer->to;
  for (run r = next_run(plan, side, unit, block, 0); r.lanes; r = next_run(plan, side, unit, block, r.lane + r.lanes))
    cardinal_tensor_scatter(side->transfer, &side->image, image, r.channel, r.lanes, first, pixels,
                            cardinal_at(slots, format, r.lane));
  const cardinal_image_layout *l = &side->image;
  const size_t padding = cardinal_blocks(l->channels) * CARDINAL_BLOCK - l->channels;
  if (l->layout == CARDINAL_LAYOUT_BLOCKED16 && padding && unit + 1 == plan->grouping.units &&
      block + 1 == plan->grouping.out_blocks) {
    const size_t lanes = cardinal_tensor_at(l->layout, l->channels, l->pixels, l->channels, first);
    for (size_t p = 0; p < pixels; ++p)
      memset(cardinal_place(image, format, lanes + p * CARDINAL_BLOCK), 0, padding * cardinal_format_bytes(format));
  }
}

/* Some output rows of an image, and the input rows that a kernel sees of them, as if they were an image of their own.
 */
typedef struct band {
  size_t begin, rows; /* of the output */
  size_t in_begin, in_end, pad_top;
  size_t lead; /* output rows that this image has before those that are computed */
} band;

/* Rows above which a kernel that counts on its padding, the stem's, must see others, so that it reads none. */
static size_t most_lead(const cardinal_shape *s) {
  return s->x_layout == CARDINAL_LAYOUT_NCHW ? cardinal_ceil_div(s->window.pad_top, s->window.stride_h) : 0;
}

static band band_of(const cardinal_shape *s, size_t begin, size_t rows) {
  const size_t pad = s->window.pad_top, lead = cardinal_min(most_lead(s), begin);
  if (s->x_layout == CARDINAL_LAYOUT_NCHW)
    return (band){.begin = begin,
                  .rows = rows,
                  .in_begin = (begin - lead) * s->window.stride_h,
                  .in_end = s->in_height,
                  .pad_top = pad,
                  .lead = lead};
  /* counted from the top of the padding, then from the image's */
  const size_t first = begin * s->window.stride_h, end = first + cardinal_rows_spanned(s, rows);
  const size_t in_begin = cardinal_min(first > pad ? first - pad : 0, s->in_height);
  return (band){.begin = begin,
                .rows = rows,
                .in_begin = in_begin,
                .in_end = cardinal_max(cardinal_min(end > pad ? end - pad : 0, s->in_height), in_begin),
                .pad_top = first < pad ? pad - first : 0};
}

/* A unit's input as the kernel sees it: the band's first row, and the distance of blocks (of planes). */
typedef struct input {
  const void *x;
  size_t block;
} input;

/* Computes one block of a band; y and the residual begin with the rows before it, which stay as they are. */
static void run_band(const cardinal_plan *plan, input in, const void *residual, void *y, size_t unit, size_t block,
                     const band *rows) {
  const cardinal_shape *s = &plan->shape;
  const size_t panel = unit * plan->grouping.out_blocks + block;
  cardinal_window window = s->window;
  window.pad_top = rows->pad_top;
  plan->kernel->conv(&(cardinal_conv_args){
      .x = in.x,
      .w = cardinal_plan_panel(plan, panel),
      .bias = plan->bias + panel * CARDINAL_BLOCK,
      .scale = cardinal_plan_scale(plan, panel),
      .residual = residual,
      .y = y,
      .channels = s->in_per_group,
      .slot = plan->grouping.slot,
      .in_height = rows->in_end - rows->in_begin,
      .in_width = s->in_width,
      .out_width = s->out_width,
      .row_begin = rows->lead,
      .row_end = rows->lead + rows->rows,
      .x_block = in.block,
      .x_row = s->in_width * (s->x_layout == CARDINAL_LAYOUT_NCHW ? 1 : CARDINAL_BLOCK),
      .y_row = s->out_width * CARDINAL_BLOCK,
      .window = window,
      .lane_mask = cardinal_plan_lane_mask(plan, unit, block),
      .relu = plan->relu,
      .y_f32 = cardinal_plan_y_f32(plan),
      .residual_scale = plan->residual_scale,
  });
}

/* Where the kernel finds a band's rows of a unit in an image that it can read. */
static input read_image(const cardinal_plan *plan, const void *image, size_t unit, const band *rows) {
  const cardinal_shape *s = &plan->shape;
  const bool planes = s->x_layout == CARDINAL_LAYOUT_NCHW;
  const size_t pixel = planes ? 1 : CARDINAL_BLOCK, block = s->in_height * s->in_width * pixel;
  const size_t at = (planes ? 0 : unit * plan->grouping.in_blocks * block) + rows->in_begin * s->in_width * pixel;
  return (input){.x = cardinal_at(image, s->format, at), .block = block};
}

/* Gathers a band's rows of a unit into slots [block][row][width][16]. */
static input gather_image(const cardinal_plan *plan, const void *image, size_t unit, const band *rows, void *slots) {
  const conv_side side = x_side(plan);
  const cardinal_format format = plan->shape.format;
  const size_t pixels = (rows->in_end - rows->in_begin) * side.width;
  if (cardinal_plan_has_odd_cell(plan))
    memset(slots, 0, plan->grouping.in_blocks * pixels * CARDINAL_BLOCK * cardinal_format_bytes(format));
  for (size_t block = 0; pixels && block < plan->grouping.in_blocks; ++block)
    gather(plan, &side, unit, block, image, rows->in_begin * side.width, pixels,
           cardinal_place(slots, format, block * pixels * CARDINAL_BLOCK));
  return (input){.x = slots, .block = pixels * CARDINAL_BLOCK};
}

/* Items are [image][unit][blocks][row chunk]: one output block each, or all of a unit where x is gathered. What isn't
 * laid out as the kernel wants it, be it that groups straddle blocks or that the tensor isn't blocked, is gathered into
 * scratch, which stays in cache, and from there scattered. */
static void conv_item(const cardinal_work *work, size_t item, void *scratch) {
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const size_t row_chunks = cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  const size_t block_chunks = cardinal_ceil_div(g->out_blocks, plan->blocking.block_chunk);
  const size_t row_begin = item % row_chunks * plan->blocking.row_chunk;
  const size_t row_end = cardinal_min(row_begin + plan->blocking.row_chunk, s->out_height);
  const size_t block_begin = item / row_chunks % block_chunks * plan->blocking.block_chunk;
  const size_t block_end = cardinal_min(block_begin + plan->blocking.block_chunk, g->out_blocks);
  const size_t unit = item / row_chunks / block_chunks % g->units;
  const size_t image = item / row_chunks / block_chunks / g->units;

  const conv_side out = y_side(plan);
  const band rows = band_of(s, row_begin, row_end - row_begin);
  const size_t first = row_begin * out.width, pixels = rows.rows * out.width, lead = rows.lead * out.width;
  const cardinal_format y_format = plan->y_format;
  const void *x = cardinal_at(work->x, plan->x_format, image * plan->x_image);
  const void *residual = cardinal_plan_residual_at(plan, work->residual, image * plan->y_image);
  void *y = cardinal_place(work->y, y_format, image * plan->y_image);
  char *slots = (char *)scratch + plan->gathered_x_bytes;
  void *computed = cardinal_place(slots, y_format, lead * CARDINAL_BLOCK);
  const input in = plan->gathers_x ? gather_image(plan, x, unit, &rows, scratch) : read_image(plan, x, unit, &rows);
  for (size_t block = block_begin; block < block_end; ++block) {
    if (plan->gathers_y) {
      if (residual)
        gather(plan, &out, unit, block, residual, first, pixels, computed);
      run_band(plan, in, residual ? slots : NULL, slots, unit, block, &rows);
      scatter(plan, &out, unit, block, computed, first, pixels, y);
    } else {
      const size_t offset = ((unit * g->out_blocks + block) * out.image.pixels + first - lead) * CARDINAL_BLOCK;
      run_band(plan, in, cardinal_plan_residual_at(plan, residual, offset), cardinal_place(y, y_format, offset), unit,
               block, &rows);
    }
  }
}

void cardinal_drive_conv(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  plan->gathers_x =
      plan->converts_x || !g->x_aligned || (s->format == CARDINAL_FORMAT_BF16 && cardinal_plan_has_odd_cell(plan));
  plan->gathers_y = plan->converts_y || !g->y_aligned;
  plan->converts_x = plan->converts_y = false; /* items do that */
  plan->blocking = cardinal_blocking_conv(s, g, plan->gathers_x, plan->gathers_y, &resources);
  plan->item = conv_item;
  plan->items = s->batch * g->units * cardinal_ceil_div(g->out_blocks, plan->blocking.block_chunk) *
                cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  if (plan->gathers_x)
    plan->gathered_x_bytes = cardinal_whole_lines(cardinal_gathered_x_bytes(s, g, plan->blocking.row_chunk));
  if (plan->gathers_y)
    plan->worker_bytes = (plan->blocking.row_chunk + most_lead(s)) * s->out_width * CARDINAL_BLOCK *
                         cardinal_format_bytes(plan->y_format);
  plan->worker_bytes += plan->gathered_x_bytes;
}
