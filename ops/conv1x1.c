/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers of 1×1 convolutions and of fully connected layers. */
#include <string.h>

#include "ops/drivers.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

/* Copies the pixels that a strided convolution reads, `pixels` outputs from `first` on, into [block][pixels][16]. */
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

/* Begins the scratch of a worker, which starts as zeros: the pixel chunk of an image, counted from 1, whose gathered
 * input follows in the scratch. Successive items of a worker mostly read the same. */
typedef struct gathered {
  size_t chunk;
} gathered;

_Static_assert(sizeof(gathered) <= CARDINAL_ALIGNMENT, "the gathered pixels follow aligned");

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
  if (s->window.stride_h == 1 && s->window.stride_w == 1) {
    x += pixel_begin * CARDINAL_BLOCK;
  } else {
    gathered *held = (gathered *)(void *)scratch;
    float *to = scratch + CARDINAL_ALIGNMENT / sizeof(float);
    if (held->chunk != chunk + 1) {
      gather_strided(s, x, pixel_begin, pixels, to);
      held->chunk = chunk + 1;
    }
    x = to;
    x_block = pixels * CARDINAL_BLOCK;
  }

  const size_t y_block = out_pixels * CARDINAL_BLOCK;
  for (size_t block = block_begin; block < block_end; block += plan->kernel->tile_blocks) {
    const size_t blocks = cardinal_min(plan->kernel->tile_blocks, block_end - block);
    const size_t offset = image * plan->y_image + block * y_block + pixel_begin * CARDINAL_BLOCK;
    const float *panel = plan->packed->weights + block * plan->packed->panel_floats;
    /* After the last blocks the next pixels begin with the first ones. */
    const size_t after = block + blocks < out_blocks ? block + blocks : 0;
    plan->kernel->conv1x1(&(cardinal_conv1x1_args){
        .x = x,
        .w = panel,
        .bias = plan->packed->bias + block * CARDINAL_BLOCK,
        .residual = work->residual ? work->residual + offset : NULL,
        .y = work->y + offset,
        .pixels = pixels,
        .channels = s->in_per_group,
        .blocks = blocks,
        .x_block = x_block,
        .w_panel = plan->packed->panel_floats,
        .y_block = y_block,
        .lane_mask = cardinal_plan_lane_mask(plan, 0, block + blocks - 1),
        .relu = plan->relu,
        .next_w = plan->packed->weights + after * plan->packed->panel_floats,
        .next_w_floats = cardinal_min(plan->kernel->tile_blocks, out_blocks - after) * plan->packed->panel_floats,
        .next_x = x,
    });
  }
}

void cardinal_drive_conv1x1(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const cardinal_resources resources = cardinal_plan_resources(plan);
  plan->blocking = cardinal_blocking_conv1x1(s, plan->kernel->tile_pixels, plan->kernel->tile_blocks, &resources);
  plan->item = conv1x1_item;
  plan->items = s->batch * cardinal_ceil_div(s->out_height * s->out_width, plan->blocking.pixel_chunk) *
                cardinal_ceil_div(plan->grouping.out_blocks, plan->blocking.block_chunk);
  if (s->window.stride_h != 1 || s->window.stride_w != 1)
    plan->worker_floats =
        CARDINAL_ALIGNMENT / sizeof(float) + plan->grouping.in_blocks * plan->blocking.pixel_chunk * CARDINAL_BLOCK;
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
  plan->blocking = cardinal_blocking_fc(plan->kernel->tile_blocks);
  plan->item = fc_item;
  plan->items = cardinal_ceil_div(plan->grouping.out_blocks, plan->blocking.block_chunk);
}
