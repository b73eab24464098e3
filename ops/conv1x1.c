/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers of 1×1 convolutions and of fully connected layers. */
#include <string.h>

#include "ops/drivers.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

/* Copies the pixels that a strided convolution reads in blocks, `pixels` outputs from `first` on, to
 * [block][pixels][16]. `bytes` are those of a pixel, a constant where this is inlined. */
CARDINAL_INLINE void gather_pixels(const cardinal_shape *s, const char *image, size_t first, size_t pixels, char *to,
                                   size_t bytes) {
  const size_t plane = s->in_height * s->in_width * bytes;
  const size_t row_step = s->window.stride_h * s->in_width * bytes, step = s->window.stride_w * bytes;
  const size_t first_row = first / s->out_width, first_column = first % s->out_width;
  for (size_t b = 0; b < cardinal_blocks(s->in_per_group); ++b) {
    const char *row = image + b * plane + first_row * row_step;
    size_t column = first_column;
    for (size_t left = pixels; left;) {
      const size_t columns = cardinal_min(s->out_width - column, left);
      const char *from = row + column * step;
      for (size_t p = 0; p < columns; ++p, from += step, to += bytes) {
        __builtin_prefetch(from + row_step); /* strides are too long for the hardware's prefetchers */
        memcpy(to, from, bytes);
      }
      left -= columns;
      column = 0;
      row += row_step;
    }
  }
}

static void gather_strided(const cardinal_shape *s, const void *image, size_t first, size_t pixels, void *to) {
  switch (cardinal_format_bytes(s->format)) {
  case 1:
    gather_pixels(s, image, first, pixels, to, CARDINAL_BLOCK);
    break;
  case 2:
    gather_pixels(s, image, first, pixels, to, 2 * CARDINAL_BLOCK);
    break;
  default:
    gather_pixels(s, image, first, pixels, to, 4 * CARDINAL_BLOCK);
  }
}

/* The channels that a block has. */
static size_t lanes_of(size_t channels, size_t block) {
  return cardinal_min(CARDINAL_BLOCK, channels - block * CARDINAL_BLOCK);
}

/* The same for tensors that aren't blocked, that have another format or channels missing in the last cell, strided or
 * not. A strided row is a piece of its own. */
static void gather_plain(const cardinal_plan *plan, const void *image, size_t first, size_t pixels, void *to) {
  const cardinal_shape *s = &plan->shape;
  const size_t stride_h = s->window.stride_h, stride_w = s->window.stride_w;
  const cardinal_image_layout whole = {plan->x_layout, s->in_per_group, s->in_height * s->in_width};
  char *at = to;
  const size_t pixel_bytes = CARDINAL_BLOCK * cardinal_format_bytes(s->format);
  if (cardinal_plan_has_odd_cell(plan))
    memset(to, 0, plan->grouping.in_blocks * pixels * pixel_bytes);
  for (size_t b = 0; b < plan->grouping.in_blocks; ++b) {
    const size_t lanes = lanes_of(s->in_per_group, b), channel = b * CARDINAL_BLOCK;
    if (stride_h == 1 && stride_w == 1) {
      cardinal_tensor_gather(&plan->take_x, &whole, image, channel, lanes, first, pixels, at);
      at += pixels * pixel_bytes;
      continue;
    }
    for (size_t pixel = first; pixel < first + pixels;) {
      const size_t row = pixel / s->out_width, column = pixel % s->out_width;
      const size_t columns = cardinal_min(s->out_width - column, first + pixels - pixel);
      cardinal_tensor_gather_strided(&plan->take_x, &whole, image, channel, lanes,
                                     row * stride_h * s->in_width + column * stride_w, stride_w, columns, at);
      at += columns * pixel_bytes;
      pixel += columns;
    }
  }
}

/* Begins the scratch of a worker, which starts as zeros: the pixel chunk of an image, counted from 1, whose gathered
 * input follows in the scratch. Successive items of a worker mostly read the same. */
typedef struct gathered {
  size_t chunk;
} gathered;

_Static_assert(sizeof(gathered) <= CARDINAL_ALIGNMENT, "the gathered pixels follow aligned");

static cardinal_image_layout y_layout(const cardinal_plan *plan) {
  return (cardinal_image_layout){plan->y_layout, plan->out_channels, plan->shape.out_height * plan->shape.out_width};
}

/* Copies some output blocks of `pixels` pixels from `first` on to [block][pixels][16]. */
static void gather_residual(const cardinal_plan *plan, const void *image, size_t block, size_t blocks, size_t first,
                            size_t pixels, char *slots) {
  const cardinal_image_layout layout = y_layout(plan);
  for (size_t b = 0; b < blocks; ++b)
    cardinal_tensor_gather(&plan->move_y, &layout, image, (block + b) * CARDINAL_BLOCK,
                           lanes_of(plan->out_channels, block + b), first, pixels,
                           cardinal_place(slots, plan->y_format, b * pixels * CARDINAL_BLOCK));
}

/* The way back. */
static void scatter_blocks(const cardinal_plan *plan, const char *slots, size_t block, size_t blocks, size_t first,
                           size_t pixels, void *image) {
  const cardinal_image_layout layout = y_layout(plan);
  for (size_t b = 0; b < blocks; ++b)
    cardinal_tensor_scatter(&plan->move_y, &layout, image, (block + b) * CARDINAL_BLOCK,
                            lanes_of(plan->out_channels, block + b), first, pixels,
                            cardinal_at(slots, plan->y_format, b * pixels * CARDINAL_BLOCK));
}

/* One call of the kernel. */
static void run_blocks(const cardinal_plan *plan, const void *x, size_t x_block, const void *residual, void *y,
                       size_t y_block, size_t block, size_t blocks, size_t pixels) {
  const size_t out_blocks = plan->grouping.out_blocks;
  /* After the last blocks the next pixels begin with the first ones. */
  const size_t after = block + blocks < out_blocks ? block + blocks : 0;
  plan->kernel->conv1x1(&(cardinal_conv1x1_args){
      .x = x,
      .w = cardinal_plan_panel(plan, block),
      .bias = plan->bias + block * CARDINAL_BLOCK,
      .scale = cardinal_plan_scale(plan, block),
      .residual = residual,
      .y = y,
      .pixels = pixels,
      .channels = plan->shape.in_per_group,
      .blocks = blocks,
      .x_block = x_block,
      .w_panel = plan->packed->panel_words,
      .y_block = y_block,
      .lane_mask = cardinal_plan_lane_mask(plan, 0, block + blocks - 1),
      .relu = plan->relu,
      .y_f32 = cardinal_plan_y_f32(plan),
      .residual_scale = plan->residual_scale,
      .next_w = cardinal_plan_panel(plan, after),
      .next_w_bytes =
          cardinal_min(plan->kernel->tile_blocks, out_blocks - after) * plan->packed->panel_words * CARDINAL_CELL_BYTES,
      .next_x = x,
  });
}

/* Whether what is gathered are pixels that the kernel could read as they are, if they lay together. */
static bool gathers_whole_pixels(const cardinal_plan *plan) {
  return plan->x_layout == CARDINAL_LAYOUT_BLOCKED16 && plan->x_format == plan->shape.format &&
         !(plan->shape.format == CARDINAL_FORMAT_BF16 && cardinal_plan_has_odd_cell(plan));
}

/* Items are [image][pixel chunk][block chunk]. Inside one, output blocks are outside and pixels inside (in the kernel):
 * the panels of a call are fetched once, ahead, and serve all pixels of the item, which stay in L2. */
static void conv1x1_item(const cardinal_work *work, size_t item, void *scratch) {
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

  const cardinal_format y_format = plan->y_format;
  const void *x = cardinal_at(work->x, plan->x_format, image * plan->x_image);
  size_t x_block = s->in_height * s->in_width * CARDINAL_BLOCK;
  if (!plan->gathers_x) {
    x = cardinal_at(x, s->format, pixel_begin * CARDINAL_BLOCK);
  } else {
    gathered *held = scratch;
    void *to = (char *)scratch + CARDINAL_ALIGNMENT;
    if (held->chunk != chunk + 1) {
      if (gathers_whole_pixels(plan))
        gather_strided(s, x, pixel_begin, pixels, to);
      else
        gather_plain(plan, x, pixel_begin, pixels, to);
      held->chunk = chunk + 1;
    }
    x = to;
    x_block = pixels * CARDINAL_BLOCK;
  }

  const void *residual = cardinal_plan_residual_at(plan, work->residual, image * plan->y_image);
  void *y = cardinal_place(work->y, y_format, image * plan->y_image);
  char *slots = (char *)scratch + CARDINAL_ALIGNMENT + plan->gathered_x_bytes;
  for (size_t block = block_begin; block < block_end; block += plan->kernel->tile_blocks) {
    const size_t blocks = cardinal_min(plan->kernel->tile_blocks, block_end - block);
    if (plan->gathers_y) {
      if (residual)
        gather_residual(plan, residual, block, blocks, pixel_begin, pixels, slots);
      run_blocks(plan, x, x_block, residual ? slots : NULL, slots, pixels * CARDINAL_BLOCK, block, blocks, pixels);
      scatter_blocks(plan, slots, block, blocks, pixel_begin, pixels, y);
    } else {
      const size_t offset = (block * out_pixels + pixel_begin) * CARDINAL_BLOCK;
      run_blocks(plan, x, x_block, cardinal_plan_residual_at(plan, residual, offset),
                 cardinal_place(y, y_format, offset), out_pixels * CARDINAL_BLOCK, block, blocks, pixels);
    }
  }
}

void cardinal_drive_conv1x1(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  plan->gathers_x =
      plan->converts_x || !gathers_whole_pixels(plan) || s->window.stride_h != 1 || s->window.stride_w != 1;
  plan->gathers_y = plan->converts_y;
  plan->converts_x = plan->converts_y = false; /* items do that */
  plan->blocking =
      cardinal_blocking_conv1x1(s, plan->gathers_x, plan->kernel->tile_pixels, plan->kernel->tile_blocks, &resources);
  plan->item = conv1x1_item;
  plan->items = s->batch * cardinal_ceil_div(s->out_height * s->out_width, plan->blocking.pixel_chunk) *
                cardinal_ceil_div(plan->grouping.out_blocks, plan->blocking.block_chunk);
  if (plan->gathers_x)
    plan->gathered_x_bytes = cardinal_whole_lines(plan->grouping.in_blocks * plan->blocking.pixel_chunk *
                                                  CARDINAL_BLOCK * cardinal_format_bytes(s->format));
  if (plan->gathers_x || plan->gathers_y)
    plan->worker_bytes = CARDINAL_ALIGNMENT + plan->gathered_x_bytes;
  if (plan->gathers_y)
    plan->worker_bytes +=
        plan->kernel->tile_blocks * plan->blocking.pixel_chunk * CARDINAL_BLOCK * cardinal_format_bytes(plan->y_format);
}

/* Items are chunks of output blocks. */
static void fc_item(const cardinal_work *work, size_t item, void *scratch) {
  (void)scratch;
  const cardinal_plan *plan = work->plan;
  const size_t block = item * plan->blocking.block_chunk;
  const size_t blocks = cardinal_min(plan->blocking.block_chunk, plan->grouping.out_blocks - block);
  const size_t offset = block * CARDINAL_BLOCK;
  plan->kernel->fc(&(cardinal_fc_args){
      .x = work->x,
      .w = cardinal_plan_panel(plan, block),
      .bias = plan->bias + offset,
      .scale = cardinal_plan_scale(plan, block),
      .residual = cardinal_plan_residual_at(plan, work->residual, offset),
      .y = cardinal_place(work->y, plan->y_format, offset),
      .images = plan->shape.batch,
      .channels = plan->shape.in_per_group,
      .blocks = blocks,
      .x_image = plan->x_image,
      .w_panel = plan->packed->panel_words,
      .y_image = plan->y_image,
      .lane_mask = cardinal_plan_lane_mask(plan, 0, block + blocks - 1),
      .relu = plan->relu,
      .y_f32 = cardinal_plan_y_f32(plan),
      .residual_scale = plan->residual_scale,
  });
}

void cardinal_drive_fc(cardinal_plan *plan) {
  /* A single pixel's channels lie one after the other in every layout; only padding lanes differ, of which kernels read
   * those of the last cell. */
  plan->converts_x = plan->x_format != plan->shape.format || cardinal_plan_has_odd_cell(plan);
  plan->converts_y = plan->converts_y && plan->out_channels % CARDINAL_BLOCK != 0;
  plan->blocking = cardinal_blocking_fc(plan->kernel->tile_blocks);
  plan->item = fc_item;
  plan->items = cardinal_ceil_div(plan->grouping.out_blocks, plan->blocking.block_chunk);
}
