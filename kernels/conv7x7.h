/* SPDX-License-Identifier: BSD-3-Clause */
/* A tile of the stem, pixels of an output row × 16 output channels, as C and assembly see it. Distances are bytes. */
#ifndef CARDINAL_KERNELS_CONV7X7_H
#define CARDINAL_KERNELS_CONV7X7_H

#define CONV7X7_X 0
#define CONV7X7_W 8
#define CONV7X7_RESIDUAL 16
#define CONV7X7_Y 24
#define CONV7X7_ROWS 32
#define CONV7X7_CHANNELS 40
#define CONV7X7_X_ROW 48
#define CONV7X7_X_PLANE 56
#define CONV7X7_TAPS 64
#define CONV7X7_END 72

/* Pixels at each end of a row whose windows reach into the padding. */
#define CONV7X7_EDGE_PIXELS 2

#include "kernels/tile.h"

#ifndef __ASSEMBLER__
#include "kernels/stem.h"

typedef struct cardinal_conv7x7_tile {
  uintptr_t x;               /* the first tap; a number, since at the left edge it lies before the row */
  const float *w, *residual; /* residual: NULL if there is none */
  float *y;
  size_t rows, channels; /* rows of the window that are inside the image, from that of x and w on */
  size_t x_row, x_plane;
  uint32_t taps; /* a byte for each edge pixel, the first two, the last and the last but one; bit kx: the tap exists */
  cardinal_tile_end end;
} cardinal_conv7x7_tile;

CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, x, CONV7X7_X);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, w, CONV7X7_W);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, residual, CONV7X7_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, y, CONV7X7_Y);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, rows, CONV7X7_ROWS);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, channels, CONV7X7_CHANNELS);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, x_row, CONV7X7_X_ROW);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, x_plane, CONV7X7_X_PLANE);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, taps, CONV7X7_TAPS);
CARDINAL_TILE_OFFSET(cardinal_conv7x7_tile, end, CONV7X7_END);

typedef void cardinal_conv7x7_tile_function(const cardinal_conv7x7_tile *);

/* The taps of a tile of `pixels` whose first one lies in column `column` of rows of `width`. */
static inline uint32_t cardinal_conv7x7_taps(ptrdiff_t column, size_t pixels, ptrdiff_t width) {
  uint32_t taps = 0;
  for (size_t p = 0; p < pixels; ++p) {
    const size_t from_end = pixels - 1 - p;
    if (p >= CONV7X7_EDGE_PIXELS && from_end >= CONV7X7_EDGE_PIXELS)
      continue;
    const ptrdiff_t begin = column + (ptrdiff_t)p * CARDINAL_STEM_STRIDE;
    const ptrdiff_t first = begin < 0 ? -begin : 0;
    const ptrdiff_t end = width - begin < CARDINAL_STEM_KERNEL ? width - begin : CARDINAL_STEM_KERNEL;
    const size_t byte = p < CONV7X7_EDGE_PIXELS ? p : CONV7X7_EDGE_PIXELS + from_end;
    taps |= ((UINT32_C(1) << end) - (UINT32_C(1) << first)) << 8 * byte;
  }
  return taps;
}

/* All rows of a call in tiles of at most `most_pixels`: edge[i], of i + 1 pixels, begin and end a row, inner[i] are the
 * others. */
static inline void cardinal_conv7x7_run(const cardinal_conv_args *a, cardinal_conv7x7_tile_function *const *inner,
                                        cardinal_conv7x7_tile_function *const *edge, size_t most_pixels) {
  cardinal_conv7x7_tile t = {
      .channels = a->channels,
      .x_row = a->x_row * sizeof(float),
      .x_plane = a->x_block * sizeof(float),
      .end = cardinal_tile_end_of_conv(a, CARDINAL_FORMAT_F32, 0),
  };
  const cardinal_cut cut = cardinal_cut_evenly(a->out_width, most_pixels);
  const size_t tiles = cardinal_cut_tiles(cut);
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_stem_rows rows = cardinal_stem_rows_of(a, row);
    t.rows = rows.end - rows.begin;
    t.w = (const float *)a->w + rows.begin * a->channels * CARDINAL_STEM_KERNEL * CARDINAL_BLOCK;
    for (size_t i = 0, first = 0, pixels; i < tiles; ++i, first += pixels) {
      pixels = cardinal_cut_length(cut, i);
      const ptrdiff_t column = (ptrdiff_t)(first * CARDINAL_STEM_STRIDE) - CARDINAL_STEM_PAD;
      const size_t at = row * a->y_row + first * CARDINAL_BLOCK;
      const int is_edge = i == 0 || i + 1 == tiles;
      t.x = (uintptr_t)rows.x + (uintptr_t)column * sizeof(float);
      t.taps = is_edge ? cardinal_conv7x7_taps(column, pixels, (ptrdiff_t)a->in_width) : 0;
      t.residual = a->residual ? (const float *)a->residual + at : NULL;
      t.y = (float *)a->y + at;
      (is_edge ? edge : inner)[pixels - 1](&t);
    }
  }
}
#endif

#endif
