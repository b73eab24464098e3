/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers of 1×1 convolutions and of fully connected layers. */
#include <string.h>

#include "ops/plan.h"

enum { FC_BLOCKS = 4 };

/* Copies the pixels that a strided convolution reads, `pixels` outputs from `first` on, into [block][pixels][16]. */
static void gather_strided(const cardinal_shape *s, const float *image, size_t first, size_t pixels, float *to) {
  const size_t plane = s->in_height * s->in_width * CARDINAL_BLOCK;
  const size_t blocks = cardinal_blocks(s->in_per_group);
  for (size_t b = 0; b < blocks; ++b)
    for (size_t p = first; p < first + pixels; ++p, to += CARDINAL_BLOCK) {
      const size_t row = p / s->out_width * s->stride_h, column = p % s->out_width * s->stride_w;
      memcpy(to, image + b * plane + (row * s->in_width + column) * CARDINAL_BLOCK, CARDINAL_BLOCK * sizeof(float));
    }
}

/* Room to keep a residual: the blocks of one call, spaced as in y. */
static size_t kept_floats(const cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  return plan->has_residual && s->in_per_group > plan->channel_chunk
             ? plan->kernel->tile_blocks * s->out_height * s->out_width * CARDINAL_BLOCK
             : 0;
}

/* Copies a residual, spaced as the output is: the chunks of channels before the last leave partial sums in y, which a
 * residual that is y itself wouldn't survive. */
static const float *keep_residual(const float *residual, size_t pixels, size_t blocks, size_t y_block, float *to) {
  for (size_t b = 0; b < blocks; ++b)
    memcpy(to + b * y_block, residual + b * y_block, pixels * CARDINAL_BLOCK * sizeof(float));
  return to;
}

/* Items are [image][pixel chunk][block chunk]. Inside one, output blocks are outside, chunks of input channels next and
 * pixels innermost (in the kernel): a chunk of packed weights stays in L1 while the pixels stream from L2. */
static void conv1x1_item(const cardinal_work *work, size_t item, float *scratch) {
  const cardinal_plan *plan = work->plan;
  const cardinal_shape *s = &plan->shape;
  const size_t out_pixels = s->out_height * s->out_width;
  const size_t out_blocks = plan->grouping.out_blocks;
  const size_t block_chunks = cardinal_ceil_div(out_blocks, plan->block_chunk);
  const size_t pixel_chunks = cardinal_ceil_div(out_pixels, plan->pixel_chunk);
  const size_t block_begin = item % block_chunks * plan->block_chunk;
  const size_t block_end = cardinal_min(block_begin + plan->block_chunk, out_blocks);
  const size_t pixel_begin = item / block_chunks % pixel_chunks * plan->pixel_chunk;
  const size_t pixels = cardinal_min(plan->pixel_chunk, out_pixels - pixel_begin);
  const size_t image = item / block_chunks / pixel_chunks;

  const float *x = work->x + image * plan->x_image;
  size_t x_block = s->in_height * s->in_width * CARDINAL_BLOCK;
  if (s->stride_h == 1 && s->stride_w == 1) {
    x += pixel_begin * CARDINAL_BLOCK;
  } else {
    gather_strided(s, x, pixel_begin, pixels, scratch);
    x = scratch;
    x_block = pixels * CARDINAL_BLOCK;
  }

  const size_t y_block = out_pixels * CARDINAL_BLOCK;
  for (size_t block = block_begin; block < block_end; block += plan->kernel->tile_blocks) {
    const size_t blocks = cardinal_min(plan->kernel->tile_blocks, block_end - block);
    const size_t offset = image * plan->y_image + block * y_block + pixel_begin * CARDINAL_BLOCK;
    const float *residual = work->residual ? work->residual + offset : NULL;
    if (residual == work->y + offset && s->in_per_group > plan->channel_chunk)
      residual = keep_residual(residual, pixels, blocks, y_block, scratch + plan->worker_floats - kept_floats(plan));
    for (size_t c = 0; c < s->in_per_group; c += plan->channel_chunk) {
      const size_t channels = cardinal_min(plan->channel_chunk, s->in_per_group - c);
      const int last = c + channels == s->in_per_group;
      plan->kernel->conv1x1(&(cardinal_conv1x1_args){
          .x = x + c / CARDINAL_BLOCK * x_block,
          .w = plan->weights + block * plan->panel_floats + c * CARDINAL_BLOCK,
          .bias = c == 0 ? plan->bias + block * CARDINAL_BLOCK : NULL,
          .residual = last ? residual : NULL,
          .y = work->y + offset,
          .pixels = pixels,
          .channels = channels,
          .blocks = blocks,
          .x_block = x_block,
          .w_panel = plan->panel_floats,
          .y_block = y_block,
          .lane_mask = last ? cardinal_plan_lane_mask(plan, 0, block + blocks - 1) : CARDINAL_ALL_LANES,
          .relu = last && plan->relu,
      });
    }
  }
}

void cardinal_plan_conv1x1(cardinal_plan *plan) {
  const cardinal_shape *s = &plan->shape;
  const size_t out_pixels = s->out_height * s->out_width;
  const size_t out_blocks = plan->grouping.out_blocks;
  const size_t half_l1 = plan->context->topology.l1d_bytes / 2, half_l2 = plan->context->topology.l2_bytes / 2;

  /* A panel chunk takes half of L1, the pixels of an item half of L2. */
  plan->channel_chunk = half_l1 / (CARDINAL_BLOCK * sizeof(float)) / CARDINAL_BLOCK * CARDINAL_BLOCK;
  plan->channel_chunk = cardinal_max(plan->channel_chunk, CARDINAL_BLOCK);
  const size_t fitting = half_l2 / (s->in_per_group * sizeof(float));
  plan->pixel_chunk = cardinal_min(cardinal_max(fitting, 4 * plan->kernel->tile_pixels), out_pixels);
  plan->pixel_chunk = cardinal_ceil_div(out_pixels, cardinal_ceil_div(out_pixels, plan->pixel_chunk));

  /* Enough items for all threads to finish at about the same time. */
  const size_t pixel_items = s->batch * cardinal_ceil_div(out_pixels, plan->pixel_chunk);
  const size_t wanted = plan->context->threads > 1 ? 4 * (size_t)plan->context->threads : 1;
  const size_t block_items = cardinal_min(cardinal_ceil_div(wanted, pixel_items), out_blocks);
  const size_t tile = plan->kernel->tile_blocks;
  plan->block_chunk = cardinal_ceil_div(cardinal_ceil_div(out_blocks, block_items), tile) * tile;

  plan->item = conv1x1_item;
  plan->items = pixel_items * cardinal_ceil_div(out_blocks, plan->block_chunk);
  if (s->stride_h != 1 || s->stride_w != 1)
    plan->worker_floats = cardinal_blocks(s->in_per_group) * plan->pixel_chunk * CARDINAL_BLOCK;
  plan->worker_floats += kept_floats(plan);
}

/* Items are chunks of output blocks. */
static void fc_item(const cardinal_work *work, size_t item, float *scratch) {
  (void)scratch;
  const cardinal_plan *plan = work->plan;
  const size_t block = item * plan->block_chunk;
  const size_t blocks = cardinal_min(plan->block_chunk, plan->grouping.out_blocks - block);
  const size_t offset = block * CARDINAL_BLOCK;
  plan->kernel->fc(&(cardinal_fc_args){
      .x = work->x,
      .w = plan->weights + block * plan->panel_floats,
      .bias = plan->bias + offset,
      .residual = work->residual ? work->residual + offset : NULL,
      .y = work->y + offset,
      .images = plan->shape.batch,
      .channels = plan->shape.in_per_group,
      .blocks = blocks,
      .x_image = plan->x_image,
      .w_panel = plan->panel_floats,
      .y_image = plan->y_image,
      .lane_mask = cardinal_plan_lane_mask(plan, 0, block + blocks - 1),
      .relu = plan->relu,
  });
}

void cardinal_plan_fc(cardinal_plan *plan) {
  plan->block_chunk = cardinal_max(FC_BLOCKS, plan->kernel->tile_blocks);
  plan->item = fc_item;
  plan->items = cardinal_ceil_div(plan->grouping.out_blocks, plan->block_chunk);
}
