/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers of 1×1 convolutions and of fully connected layers. */
#include <string.h>

#include "ops/drivers.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

/* Copies the pixels that a strided convolution reads in blocks, `pixels` outputs from `first` on, to
 * [block][pixels][16]. */
static void gather_strided(const cardinal_shape *s, const float *image, size_t first, size_t pixels, float *to) {
  const size_t plane = s->in_height * s->in_width * CARDINAL_BLOCK;
  const size_t row_step = s->window.stride_h * s->in_width * CARDINAL_BLOCK, step = s->window.stride_w * CARDINAL_BLOCK;
  const size_t first_row = first / s->out_width, first_column = first % s->out_width;
  for (size_t b = 0; b < cardinal_blocks(s->in_per_group); ++b) {
    const float *row = image + b * plane + first_row * row_step;
    size_t column = first_column;
    for (size_t left = pixels; left;) {
      const size_t columns = cardinal_min(s->out_width - column, left);
      const float *from = row + column * step;
      for (size_t p = 0; p < columns; ++p, from += step, to += CARDINAL_BLOCK) {
        __builtin_prefetch(from + row_step); /* strides are too long for the hardware's prefetchers */
        memcpy(to, from, CARDINAL_BLOCK * sizeof(float));
      }
      left -= columns;
      column = 0;
      row += row_step;
    }
  }
}

/* The channels that a block has. */
static size_t lanes_of(size_t channels, size_t block) {
  return cardinal_min(CARDINAL_BLOCK, channels - block * CARDINAL_BLOCK);
}

/* The same for tensors that aren't blocked, strided or not. A strided row is a piece of its own. */
static void gather_plain(const cardinal_plan *plan, const float *image, size_t first, size_t pixels, float *to) {
  const cardinal_shape *s = &plan->shape;
  const size_t stride_h = s->window.stride_h, stride_w = s->window.stride_w;
  const cardinal_image_layout whole = {plan->x_layout, s->in_per_group, s->in_height * s->in_width};
  for (size_t b = 0; b < plan->grouping.in_blocks; ++b) {
    const size_t lanes = lanes_of(s->in_per_group, b), channel = b * CARDINAL_BLOCK;
    if (stride_h == 1 && stride_w == 1) {
      cardinal_tensor_gather(plan->move, &whole, image, channel, lanes, first, pixels, to);
      to += pixels * CARDINAL_BLOCK;
      continue;
    }
    for (size_t at = first; at < first + pixels;) {
      const size_t row = at / s->out_width, column = at % s->out_width;
      const size_t columns = cardinal_min(s->out_width - column, first + pixels - at);
      const float *from = image + cardinal_tensor_at(whole.layout, whole.channels, whole.pixels, channel,
                                                     row * stride_h * s->in_width + column * stride_w);
      const bool planes = whole.layout == CARDINAL_LAYOUT_NCHW;
      plan->move(&(cardinal_move_args){
          .from = from,
          .to = to,
          .pixels = columns,
          .lanes = lanes,
          .from_pixel = stride_w * (planes ? 1 : whole.channels),
          .from_lane = planes ? whole.pixels : 1,
          .to_pixel = CARDINAL_BLOCK,
          .to_lane = 1,
      });
      to += columns * CARDINAL_BLOCK;
      at += columns;
    }
  }
}

/* Begins the scratch of a worker, which starts as zeros: the pixel chunk of an image, counted from 1, whose gathered
 * input follows in the scratch. Successive items of a worker mostly read the same. */
typedef struct gathered {
  size_t chunk;
} gathered;

_Static_assert(sizeof(gathered) <= CARDINAL_ALIGNMENT, "the gathered pixels follow aligned");

enum {
  HELD_FLOATS = CARDINAL_ALIGNMENT / sizeof(float)
};

static cardinal_image_layout y_layout(const cardinal_plan *plan) {
  return (cardinal_image_layout){plan->y_layout, plan->out_channels, plan->shape.out_height * plan->shape.out_width};
}

/* Copies some output blocks of `pixels` pixels from `first` on to [block][pixels][16]. */
static void gather_residual(const cardinal_plan *plan, const float *image, size_t block, size_t blocks, size_t first,
                            size_t pixels, float *slots) {
  const cardinal_image_layout layout = y_layout(plan);
  for (size_t b = block; b < block + blocks; ++b, slots += pixels * CARDINAL_BLOCK)
    cardinal_tensor_gather(plan->move, &layout, image, b * CARDINAL_BLOCK, lanes_of(plan->out_channels, b), first,
                           pixels, slots);
}

/* The way back. */
static void scatter_blocks(const cardinal_plan *plan, const float *slots, size_t block, size_t blocks, size_t first,
                           size_t pixels, float *image) {
  const cardinal_image_layout layout = y_layout(plan);
  for (size_t b = block; b < block + blocks; ++b, slots += pixels * CARDINAL_BLOCK)
    cardinal_tensor_scatter(plan->move, &layout, image, b * CARDINAL_BLOCK, lanes_of(plan->out_channels, b), first,
                            pixels, slots);
}

/* One call of the kernel. */
static void run_blocks(const cardinal_plan *plan, const float *x, size_t x_block, const float *residual, float *y,
                       size_t y_block, size_t block, size_t blocks, size_t pixels) {
  const size_t out_blocks = plan->grouping.out_blocks;
  /* After the last blocks the next pixels begin with the first ones. */
  const size_t after = block + blocks < out_blocks ? block + blocks : 0;
  plan->kernel->conv1x1(&(cardinal_conv1x1_args){
      .x = x,
      .w = plan->packed->weights + block * plan->packed->panel_floats,
      .bias = plan->packed->bias + block * CARDINAL_BLOCK,
      .residual = residual,
      .y = y,
      .pixels = pixels,
      .channels = plan->shape.in_per_group,
      .blocks = blocks,
      .x_block = x_block,
      .w_panel = plan->packed->panel_floats,
      .y_block = y_block,
      .lane_mask = cardinal_plan_lane_mask(plan, 0, block + blocks - 1),
      .relu = plan->relu,
      .next_w = plan->packed->weights + after * plan->packed->panel_floats,
      .next_w_bytes =
          cardinal_min(plan->kernel->tile_blocks, out_blocks - after) * plan->packed->panel_floats * sizeof(float),
      .next_x = x,
  });
}

/* Items are [image][pixel chunk][block chunk]. Inside one, output blocks are outside and pixels inside (in the kernel):
 * the panels of a call are fetched once, ahead, and serve all pixels of the item, which stay in L2. */
static void conv1x1_item(const cardinal_work *work, size_t item, float *scratch) {
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const size_t out_pixels = s->out_height * s->out_width;
  const size_t out_blocks = plan->grouping.out_blocks;
  const size_t block_chunks = cardinal_ceil_div(out_blocks, plan->blocking.block_chunk);
  const size_t pixel_chunks = cardinal_ceil_div(out_pixels, plan->blocking.pixel_chunk);
  const size_t block_begin = item % block_chunks * plan->blocking.block_chunk;
  const size_t block_end = cardinal_min(block_begin + plan->blocking.block_chunk, out_blocks);
  const size_t chunk = item / block_chunks;
  const size_t pixel_begin = chunk % pixel_chunks * plan->blocking.pixel_chunk;
  const size_t pixels = cardinal_min(plan->blocking.pixel_chunk, out_pixels - pixel_begin);
  const size_t image = chunk / pixel_chunks;

  const float *x = work->x + image * plan->x_image;
  size_t x_block = s->in_height * s->in_width * CARDINAL_BLOCK;
  if (!plan->gathers_x) {
    x += pixel_begin * CARDINAL_BLOCK;
  } else {
    gathered *held = (gathered *)(void *)scratch;
    float *to = scratch + HELD_FLOATS;
    if (held->chunk != chunk + 1) {
      if (plan->x_layout == CARDINAL_LAYOUT_BLOCKED16)
        gather_strided(s, x, pixel_begin, pixels, to);
      else
        gather_plain(plan, x, pixel_begin, pixels, to);
      held->chunk = chunk + 1;
    }
    x = to;
    x_block = pixels * CARDINAL_BLOCK;
  }

  const float *residual = work->residual ? work->residual + image * plan->y_image : NULL;
  float *y = work->y + image * plan->y_image;
  float *slots = scratch + HELD_FLOATS + plan->gathered_x_floats;
  for (size_t block = block_begin; block < block_end; block += plan->kernel->tile_blocks) {
    const size_t blocks = cardinal_min(plan->kernel->tile_blocks, block_end - block);
    if (plan->gathers_y) {
      if (residual)
        gather_residual(plan, residual, block, blocks, pixel_begin, pixels, slots);
      run_blocks(plan, x, x_block, residual ? slots : NULL, slots, pixels * CARDINAL_BLOCK, block, blocks, pixels);
      scatter_blocks(plan, slots, block, blocks, pixel_begin, pixels, y);
    } else {
      const size_t offset = (block * out_pixels + pixel_begin) * CARDINAL_BLOCK;
      run_blocks(plan, x, x_block, residual ? residual + offset : NULL, y + offset, out_pixels * CARDINAL_BLOCK, block,
                 blocks, pixels);
    }
  }
}

void cardinal_drive_conv1x1(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  plan->gathers_x = plan->converts_x || s->window.stride_h != 1 || s->window.stride_w != 1;
  plan->gathers_y = plan->converts_y;
  plan->converts_x = plan->converts_y = false; /* items do that */
  plan->blocking =
      cardinal_blocking_conv1x1(s, plan->gathers_x, plan->kernel->tile_pixels, plan->kernel->tile_blocks, &resources);
  plan->item = conv1x1_item;
  plan->items = s->batch * cardinal_ceil_div(s->out_height * s->out_width, plan->blocking.pixel_chunk) *
                cardinal_ceil_div(plan->grouping.out_blocks, plan->blocking.block_chunk);
  if (plan->gathers_x)
    plan->gathered_x_floats = plan->grouping.in_blocks * plan->blocking.pixel_chunk * CARDINAL_BLOCK;
  if (plan->gathers_x || plan->gathers_y)
    plan->worker_floats = HELD_FLOATS + plan->gathered_x_floats;
  if (plan->gathers_y)
    plan->worker_floats += plan->kernel->tile_blocks * plan->blocking.pixel_chunk * CARDINAL_BLOCK;
}

/* Items are chunks of output blocks. */
static void fc_item(const cardinal_work *work, size_t item, float *scratch) {
  (void)scratch;
  const cardinal_plan *plan = work->plan;
  const size_t block = item * plan->blocking.block_chunk;
  const size_t blocks = cardinal_min(plan->blocking.block_chunk, plan->grouping.out_blocks - block);
  const size_t offset = block * CARDINAL_BLOCK;
  plan->kernel->fc(&(cardinal_fc_args){
      .x = work->x,
      .w = plan->packed->weights + block * plan->packed->panel_floats,
      .bias = plan->packed->bias + offset,
      .residual = work->residual ? work->residual + offset : NULL,
      .y = work->y + offset,
      .images = plan->shape.batch,
      .channels = plan->shape.in_per_group,
      .blocks = blocks,
      .x_image = plan->x_image,
      .w_panel = plan->packed->panel_floats,
      .y_image = plan->y_image,
      .lane_mask = cardinal_plan_lane_mask(plan, 0, block + blocks - 1),
      .relu = plan->relu,
  });
}

void cardinal_drive_fc(cardinal_plan *plan) {
  /* A single pixel's channels lie one after the other in every layout; only padding lanes differ. */
  plan->converts_x = false;
  plan->converts_y = plan->converts_y && plan->out_channels % CARDINAL_BLOCK != 0;
  plan->blocking = cardinal_blocking_fc(plan->kernel->tile_blocks);
  plan->item = fc_item;
  plan->items = cardinal_ceil_div(plan->grouping.out_blocks, plan->blocking.block_chunk);
}
