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
  size_t per_group, width, blocks; /* blocks of a unit */
  bool aligned;                    /* whether units hold whole blocks of channels */
} conv_side;

static conv_side x_side(const cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  return (conv_side){.image = {plan->x_layout, s->groups * s->in_per_group, s->in_height * s->in_width},
                     .transfer = &plan->take_x,
                     .per_group = s->in_per_group,
                     .width = s->in_width,
                     .blocks = plan->grouping.in_blocks,
                     .aligned = plan->grouping.x_aligned};
}

static conv_side y_side(const cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  return (conv_side){.image = {plan->y_layout, plan->out_channels, s->out_height * s->out_width},
                     .transfer = &plan->move_y,
                     .per_group = s->out_per_group,
                     .width = s->out_width,
                     .blocks = plan->grouping.out_blocks,
                     .aligned = plan->grouping.y_aligned};
}

/* Lanes of a block of slots whose channels lie one after the other in the tensor, too. */
typedef struct run {
  size_t lane, lanes, channel;
} run;

/* The first run at or after `lane` of a panel, the units' blocks counted on; no lanes if there is none. */
static run next_run(const cardinal_plan *plan, const conv_side *side, size_t panel, size_t lane) {
  run r = {.lane = lane};
  if (side->aligned) {
    r.channel = panel * CARDINAL_BLOCK + lane;
    const size_t end = cardinal_min((panel + 1) * CARDINAL_BLOCK, side->image.channels);
    r.lanes = end > r.channel ? end - r.channel : 0;
    return r;
  }
  const cardinal_grouping *g = &plan->grouping;
  const size_t unit = panel / side->blocks, block = panel % side->blocks;
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

/* Some panels of some pixels in an image, and in slots [panel][pixels][16], whose panels are `distance` numbers apart.
 */
typedef struct portion {
  size_t panel, panels;
  size_t first, pixels;
  size_t distance;
} portion;

/* How many of a portion's panels, from the first one on, are whole blocks of an NHWC image's pixels, and only copied.
 */
static size_t copied_panels(const conv_side *side, const portion *p) {
  const bool copies =
      side->aligned && side->image.layout == CARDINAL_LAYOUT_NHWC && side->transfer->from == side->transfer->to;
  const size_t whole = side->image.channels / CARDINAL_BLOCK;
  return copies && p->panel < whole ? cardinal_min(p->panels, whole - p->panel) : 0;
}

/* Copies a portion from an image to slots. */
static void gather(const cardinal_plan *plan, const conv_side *side, const void *image, portion p, void *slots) {
  const cardinal_format format = side->transfer->to;
  const size_t copied = copied_panels(side, &p);
  cardinal_nhwc_gather(side->transfer, &side->image, image, p.panel, copied, p.first, p.pixels, slots, p.distance);
  for (size_t i = copied; i < p.panels; ++i)
    for (run r = next_run(plan, side, p.panel + i, 0); r.lanes; r = next_run(plan, side, p.panel + i, r.lane + r.lanes))
      cardinal_tensor_gather(side->transfer, &side->image, image, r.channel, r.lanes, p.first, p.pixels,
                             cardinal_place(slots, format, i * p.distance + r.lane));
}

/* The way back. The last block of an image also clears a blocked tensor's padding lanes. */
static void scatter(const cardinal_plan *plan, const conv_side *side, const void *slots, portion p, void *image) {
  const cardinal_format format = side->transfer->to;
  const size_t copied = copied_panels(side, &p);
  cardinal_nhwc_scatter(side->transfer, &side->image, image, p.panel, copied, p.first, p.pixels, slots, p.distance);
  for (size_t i = copied; i < p.panels; ++i)
    for (run r = next_run(plan, side, p.panel + i, 0); r.lanes; r = next_run(plan, side, p.panel + i, r.lane + r.lanes))
      cardinal_tensor_scatter(side->transfer, &side->image, image, r.channel, r.lanes, p.first, p.pixels,
                              cardinal_at(slots, format, i * p.distance + r.lane));
  const cardinal_image_layout *l = &side->image;
  const size_t padding = cardinal_blocks(l->channels) * CARDINAL_BLOCK - l->channels;
  if (l->layout == CARDINAL_LAYOUT_BLOCKED16 && padding && p.panel + p.panels == plan->grouping.units * side->blocks) {
    const size_t lanes = cardinal_tensor_at(l->layout, l->channels, l->pixels, l->channels, p.first);
    for (size_t pixel = 0; pixel < p.pixels; ++pixel)
      memset(cardinal_place(image, format, lanes + pixel * CARDINAL_BLOCK), 0, padding * cardinal_format_bytes(format));
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

/* Computes one panel of a band; y and the residual begin with the rows before it, which stay as they are. */
static void run_band(const cardinal_plan *plan, input in, const void *residual, void *y, size_t panel,
                     const band *rows) {
  const cardinal_shape *s = &plan->shape;
  const size_t unit = panel / plan->grouping.out_blocks, block = panel % plan->grouping.out_blocks;
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

/* Gathers a band's rows of some units into slots [unit][block][row][width][16]. */
static void gather_units(const cardinal_plan *plan, const void *image, size_t unit, size_t units, const band *rows,
                         void *slots) {
  const conv_side side = x_side(plan);
  const size_t pixels = (rows->in_end - rows->in_begin) * side.width;
  const portion p = {.panel = unit * side.blocks,
                     .panels = units * side.blocks,
                     .first = rows->in_begin * side.width,
                     .pixels = pixels,
                     .distance = pixels * CARDINAL_BLOCK};
  if (cardinal_plan_has_odd_cell(plan))
    memset(slots, 0, p.panels * p.distance * cardinal_format_bytes(plan->shape.format));
  gather(plan, &side, image, p, slots);
}

/* Where the kernel finds a unit that was gathered, `index` units after the first one. */
static input read_gathered(const cardinal_plan *plan, const void *slots, size_t index, const band *rows) {
  const conv_side side = x_side(plan);
  const size_t block = (rows->in_end - rows->in_begin) * side.width * CARDINAL_BLOCK;
  return (input){.x = cardinal_at(slots, plan->shape.format, index * side.blocks * block), .block = block};
}

/* An item's share: panels, whole units of them or some of one unit's, and rows. */
typedef struct share {
  size_t image, unit, units, panel, panels;
  band rows;
} share;

/* Items are [image][units][blocks][row chunk]. */
static share share_of(const cardinal_plan *plan, size_t item) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const cardinal_blocking *b = &plan->blocking;
  const size_t row_chunks = cardinal_ceil_div(s->out_height, b->row_chunk);
  const size_t block_chunks = cardinal_ceil_div(g->out_blocks, b->block_chunk);
  const size_t unit_chunks = cardinal_ceil_div(g->units, b->unit_chunk);
  const size_t row = item % row_chunks * b->row_chunk;
  const size_t block = item / row_chunks % block_chunks * b->block_chunk;
  const size_t unit = item / row_chunks / block_chunks % unit_chunks * b->unit_chunk;
  const size_t units = cardinal_min(b->unit_chunk, g->units - unit);
  return (share){.image = item / row_chunks / block_chunks / unit_chunks,
                 .unit = unit,
                 .units = units,
                 .panel = unit * g->out_blocks + block,
                 .panels = units * cardinal_min(b->block_chunk, g->out_blocks - block),
                 .rows = band_of(s, row, cardinal_min(b->row_chunk, s->out_height - row))};
}

/* What isn't laid out as the kernel wants it, be it that groups straddle blocks or that the tensor isn't blocked, is
 * gathered into scratch, which stays in cache, and from there scattered: x at once, y some panels at a time. */
static void conv_item(const cardinal_work *work, size_t item, void *scratch) {
  const cardinal_plan *plan = work->plan;
  const share mine = share_of(plan, item);
  const band *rows = &mine.rows;
  const conv_side out = y_side(plan);
  const size_t lead = rows->lead * out.width;
  const cardinal_format y_format = plan->y_format;
  const void *x = cardinal_at(work->x, plan->x_format, mine.image * plan->x_image);
  const void *residual = cardinal_plan_residual_at(plan, work->residual, mine.image * plan->y_image);
  void *y = cardinal_place(work->y, y_format, mine.image * plan->y_image);
  char *slots = (char *)scratch + plan->gathered_x_bytes;
  portion p = {.first = rows->begin * out.width, .pixels = rows->rows * out.width};
  p.distance = plan->gathers_y ? (lead + p.pixels) * CARDINAL_BLOCK : out.image.pixels * CARDINAL_BLOCK;

  if (plan->gathers_x)
    gather_units(plan, x, mine.unit, mine.units, rows, scratch);
  const size_t end = mine.panel + mine.panels;
  for (p.panel = mine.panel; p.panel < end; p.panel += p.panels) {
    p.panels = cardinal_min(plan->blocking.panels_scattered, end - p.panel);
    if (plan->gathers_y && residual)
      gather(plan, &out, residual, p, cardinal_place(slots, y_format, lead * CARDINAL_BLOCK));
    for (size_t panel = p.panel; panel < p.panel + p.panels; ++panel) {
      const size_t unit = panel / out.blocks;
      const input in =
          plan->gathers_x ? read_gathered(plan, scratch, unit - mine.unit, rows) : read_image(plan, x, unit, rows);
      if (plan->gathers_y) {
        void *computed = cardinal_place(slots, y_format, (panel - p.panel) * p.distance);
        run_band(plan, in, residual ? computed : NULL, computed, panel, rows);
      } else {
        const size_t at = panel * p.distance + (p.first - lead) * CARDINAL_BLOCK;
        run_band(plan, in, cardinal_plan_residual_at(plan, residual, at), cardinal_place(y, y_format, at), panel, rows);
      }
    }
    if (plan->gathers_y)
      scatter(plan, &out, cardinal_at(slots, y_format, lead * CARDINAL_BLOCK), p, y);
  }
}

/* Panels that are gathered and scattered together. In NHWC those of a pixel are neighbours, while the next pixel's are
 * often a power of two away, and all of a row would share a few sets of the caches. More of them leave room for fewer
 * rows, and bands share more; on a Zen 4, 256 bytes were best of 128 to 1024. */
static size_t panels_together(bool gathers, const conv_side *side) {
  enum {
    BYTES = 256
  };
  const bool neighbours = gathers && side->aligned && side->image.layout == CARDINAL_LAYOUT_NHWC;
  return neighbours ? BYTES / (CARDINAL_BLOCK * cardinal_format_bytes(side->transfer->to)) : 1;
}

void cardinal_drive_conv(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_grouping *g = &plan->grouping;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  plan->gathers_x =
      plan->converts_x || !g->x_aligned || (s->format == CARDINAL_FORMAT_BF16 && cardinal_plan_has_odd_cell(plan));
  plan->gathers_y = plan->converts_y || !g->y_aligned;
  plan->converts_x = plan->converts_y = false; /* items do that */
  const conv_side in = x_side(plan), out = y_side(plan);
  plan->blocking =
      cardinal_blocking_conv(s, g,
                             &(cardinal_gathering){.x = plan->gathers_x,
                                                   .y = plan->gathers_y,
                                                   .y_number = cardinal_format_bytes(plan->y_format),
                                                   .panels = cardinal_max(panels_together(plan->gathers_x, &in),
                                                                          panels_together(plan->gathers_y, &out))},
                             &resources);
  const cardinal_blocking *b = &plan->blocking;
  plan->item = conv_item;
  plan->items = s->batch * cardinal_ceil_div(g->units, b->unit_chunk) *
                cardinal_ceil_div(g->out_blocks, b->block_chunk) * cardinal_ceil_div(s->out_height, b->row_chunk);
  if (plan->gathers_x)
    plan->gathered_x_bytes = cardinal_whole_lines(b->unit_chunk * cardinal_gathered_x_bytes(s, g, b->row_chunk));
  if (plan->gathers_y)
    plan->worker_bytes = b->panels_scattered * (b->row_chunk + most_lead(s)) * s->out_width * CARDINAL_BLOCK *
                         cardinal_format_bytes(plan->y_format);
  plan->worker_bytes += plan->gathered_x_bytes;
}
