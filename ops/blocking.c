/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/blocking.h"

#include "kernels/format.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

enum {
  FC_BLOCKS = 4,
  /* Items a thread, so that all threads finish at about the same time. */
  CONV1X1_ITEMS = 8,
  CONV_ITEMS = 8,
  POOL_ITEMS = 4,
  /* Output rows of a band that are cut further only where nothing else is left to cut. */
  FEW_ROWS = 7,
  /* Rows that a band gathers for each that it shares with the next one, below which half as many units are better, if
   * they make room for that many. */
  ROWS_BY_SHARED = 8,
  /* Tiles that a chunk of pixels has at least: if weights stream through L2, and where each thread gathers its own. */
  LEAST_STREAMED_TILES = 4,
  LEAST_GATHERED_TILES = 16
};

static size_t part(size_t whole, size_t numerator, size_t denominator) {
  return whole / denominator * numerator;
}

/* The largest chunk of at most `most` in which `total` is cut evenly. */
static size_t even_chunk(size_t total, size_t most) {
  return cardinal_ceil_div(total, cardinal_ceil_div(total, cardinal_max(most, 1)));
}

/* The pixels of an item lie in L2, and so do the weights where both fit. Larger weights stream through L2 once for each
 * chunk of pixels, so that the chunks are made as large as they can be: all but what the stream itself needs. */
static size_t pixels_in_l2(size_t pixel_bytes_each, size_t weight_bytes, size_t tile_pixels, size_t l2_bytes) {
  const size_t pixel_bytes = weight_bytes <= part(l2_bytes, 1, 2) ? part(l2_bytes, 1, 4) : part(l2_bytes, 13, 16);
  return cardinal_max(pixel_bytes / pixel_bytes_each, LEAST_STREAMED_TILES * tile_pixels);
}

cardinal_blocking cardinal_blocking_conv1x1(const cardinal_shape *s, bool gathers, size_t tile_pixels,
                                            size_t tile_blocks, const cardinal_resources *r) {
  const size_t out_pixels = s->out_height * s->out_width;
  const size_t in_blocks = cardinal_blocks(s->in_per_group), out_blocks = cardinal_blocks(s->out_per_group);
  const size_t tiles_of_blocks = cardinal_ceil_div(out_blocks, tile_blocks);
  const size_t bytes = cardinal_format_bytes(s->format);
  const size_t weight_bytes = s->in_per_group * out_blocks * CARDINAL_BLOCK * bytes;
  cardinal_blocking b = {.pixel_chunk = even_chunk(out_pixels, pixels_in_l2(in_blocks * CARDINAL_BLOCK * bytes,
                                                                            weight_bytes, tile_pixels, r->l2_bytes))};

  /* Cutting the blocks is preferred, since it costs only more reading of x; pixels are cut further where there are too
   * few blocks, or where each thread would gather its own copy of them. */
  size_t block_items = 1;
  if (r->threads > 1) {
    const size_t wanted = CONV1X1_ITEMS * r->threads;
    const size_t pixel_items = cardinal_ceil_div(wanted, s->batch * (gathers ? 1 : tiles_of_blocks));
    const size_t least_pixels = gathers ? LEAST_GATHERED_TILES * tile_pixels : tile_pixels;
    const size_t most_pixels = cardinal_max(cardinal_ceil_div(out_pixels, pixel_items), least_pixels);
    b.pixel_chunk = even_chunk(out_pixels, cardinal_min(b.pixel_chunk, most_pixels));
    block_items = cardinal_ceil_div(wanted, s->batch * cardinal_ceil_div(out_pixels, b.pixel_chunk));
  }
  /* Whole tiles, where the last chunk isn't much smaller for it. */
  const size_t tile = cardinal_max(tile_pixels, 1);
  if (b.pixel_chunk >= 8 * tile && b.pixel_chunk < out_pixels)
    b.pixel_chunk = cardinal_ceil_div(b.pixel_chunk, tile) * tile;
  b.block_chunk = even_chunk(tiles_of_blocks, cardinal_ceil_div(out_blocks, tile_blocks * block_items)) * tile_blocks;
  return b;
}

cardinal_blocking cardinal_blocking_fc(size_t tile_blocks) {
  return (cardinal_blocking){.block_chunk = cardinal_max(FC_BLOCKS, tile_blocks)};
}

/* Rows an item, if there are `others` items for each chunk of rows. */
static size_t balanced_rows(size_t out_height, size_t others, size_t items_a_thread, size_t threads) {
  const size_t wanted = threads > 1 ? items_a_thread * threads : 1;
  const size_t chunks = cardinal_min(cardinal_ceil_div(wanted, others), out_height);
  return cardinal_ceil_div(out_height, chunks);
}

size_t cardinal_rows_spanned(const cardinal_shape *s, size_t rows) {
  return (rows - 1) * s->window.stride_h + cardinal_window_height(&s->window);
}

size_t cardinal_gathered_x_bytes(const cardinal_shape *s, const cardinal_grouping *g, size_t rows) {
  return g->in_blocks * cardinal_min(cardinal_rows_spanned(s, rows), s->in_height) * s->in_width * CARDINAL_BLOCK *
         cardinal_format_bytes(s->format);
}

/* Windows, with at most so many units an item. */
static cardinal_blocking conv_with_units(const cardinal_shape *s, const cardinal_grouping *g,
                                         const cardinal_gathering *gathering, size_t units, size_t threads) {
  cardinal_blocking b = {.unit_chunk = cardinal_max(even_chunk(g->units, units), 1)};
  b.block_chunk = gathering->x || b.unit_chunk > 1 ? g->out_blocks : 1;
  b.panels_scattered = cardinal_min(gathering->panels, b.unit_chunk * b.block_chunk);
  const size_t others =
      s->batch * cardinal_ceil_div(g->units, b.unit_chunk) * cardinal_ceil_div(g->out_blocks, b.block_chunk);
  b.row_chunk = balanced_rows(s->out_height, others, CONV_ITEMS, threads);
  return b;
}

/* The same with what is gathered and what is scattered in half of L2. Few rows at a time would gather those that two
 * bands share too often; rather fewer units then. */
static cardinal_blocking conv_in_l2(const cardinal_shape *s, const cardinal_grouping *g,
                                    const cardinal_gathering *gathering, size_t units, const cardinal_resources *r) {
  cardinal_blocking b = conv_with_units(s, g, gathering, units, r->threads);
  const size_t fitting = part(r->l2_bytes, 1, 2), y_row = s->out_width * CARDINAL_BLOCK * gathering->y_number;
  while ((gathering->x ? b.unit_chunk * cardinal_gathered_x_bytes(s, g, b.row_chunk) : 0) +
             (gathering->y ? b.panels_scattered * b.row_chunk * y_row : 0) >
         fitting) {
    if (b.row_chunk > FEW_ROWS || (b.unit_chunk == 1 && b.row_chunk > 1))
      b.row_chunk = cardinal_ceil_div(b.row_chunk, 2);
    else if (b.unit_chunk > 1)
      b = conv_with_units(s, g, gathering, b.unit_chunk / 2, r->threads);
    else
      break;
  }
  return b;
}

/* Whether bands of so many output rows gather many times the input rows that two of them share. */
static bool share_little(const cardinal_shape *s, size_t rows) {
  const size_t apart = rows * s->window.stride_h, spanned = cardinal_rows_spanned(s, rows);
  return spanned <= apart || apart >= ROWS_BY_SHARED * (spanned - apart);
}

cardinal_blocking cardinal_blocking_conv(const cardinal_shape *s, const cardinal_grouping *g,
                                         const cardinal_gathering *gathering, const cardinal_resources *r) {
  const size_t units = cardinal_max(gathering->panels / cardinal_max(g->in_blocks, g->out_blocks), 1);
  const cardinal_blocking b = conv_in_l2(s, g, gathering, units, r);
  if (b.unit_chunk == 1 || share_little(s, b.row_chunk))
    return b;
  const cardinal_blocking halved = conv_in_l2(s, g, gathering, b.unit_chunk / 2, r);
  return share_little(s, halved.row_chunk) ? halved : b;
}

cardinal_blocking cardinal_blocking_pool(const cardinal_shape *s, const cardinal_grouping *g,
                                         const cardinal_resources *r) {
  return (cardinal_blocking){.row_chunk = balanced_rows(s->out_height, s->batch * g->units, POOL_ITEMS, r->threads)};
}
