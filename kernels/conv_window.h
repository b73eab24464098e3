/* SPDX-License-Identifier: BSD-3-Clause */
/* A tile of a convolution with any window of horizontal stride 1 or 2, neighbouring pixels of an output row, as C and
 * assembly see it; each architecture's conv_window.inc has the tiles. Distances are bytes. */
#ifndef CARDINAL_KERNELS_CONV_WINDOW_H
#define CARDINAL_KERNELS_CONV_WINDOW_H

#define WINDOW_X 0
#define WINDOW_X_COLUMN 8
#define WINDOW_X_ROW 16
#define WINDOW_X_NEXT_BLOCK 24
#define WINDOW_W 32
#define WINDOW_W_ABOVE 40
#define WINDOW_W_BELOW 48
#define WINDOW_CELLS 56
#define WINDOW_ROWS 64
#define WINDOW_KERNEL_W 72
#define WINDOW_Y 80
#define WINDOW_RESIDUAL 88
#define WINDOW_END 96
#define WINDOW_COLUMNS 200
#define WINDOW_PIXELS 208

#define WINDOW_MOST_PIXELS 14

#include "kernels/tile.h"

#ifndef __ASSEMBLER__
#include "kernels/declines.h"

typedef struct cardinal_window_tile {
  const char *x; /* first pixel's column of kx = 0, in the first row that isn't padding */
  size_t x_column, x_row,
      x_next_block; /* to the next kx, the next ky, and from the row after the last to the next block */
  const char *w;
  size_t w_above, w_below;      /* weights of a cell for the ky above the first row and below the last */
  size_t cells, rows, kernel_w; /* cells: 0 if there are no rows */
  char *y;
  const char *residual; /* NULL if there is none */
  cardinal_tile_end end;
  uint64_t columns; /* a bit for each of the first columns that isn't padding, if the window isn't dilated */
  uint32_t pixels[CARDINAL_WINDOW_MOST_KERNEL_W]; /* for each kx, a bit for each pixel to which it isn't padding */
} cardinal_window_tile;

CARDINAL_TILE_OFFSET(cardinal_window_tile, x, WINDOW_X);
CARDINAL_TILE_OFFSET(cardinal_window_tile, x_column, WINDOW_X_COLUMN);
CARDINAL_TILE_OFFSET(cardinal_window_tile, x_row, WINDOW_X_ROW);
CARDINAL_TILE_OFFSET(cardinal_window_tile, x_next_block, WINDOW_X_NEXT_BLOCK);
CARDINAL_TILE_OFFSET(cardinal_window_tile, w, WINDOW_W);
CARDINAL_TILE_OFFSET(cardinal_window_tile, w_above, WINDOW_W_ABOVE);
CARDINAL_TILE_OFFSET(cardinal_window_tile, w_below, WINDOW_W_BELOW);
CARDINAL_TILE_OFFSET(cardinal_window_tile, cells, WINDOW_CELLS);
CARDINAL_TILE_OFFSET(cardinal_window_tile, rows, WINDOW_ROWS);
CARDINAL_TILE_OFFSET(cardinal_window_tile, kernel_w, WINDOW_KERNEL_W);
CARDINAL_TILE_OFFSET(cardinal_window_tile, y, WINDOW_Y);
CARDINAL_TILE_OFFSET(cardinal_window_tile, residual, WINDOW_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_window_tile, end, WINDOW_END);
CARDINAL_TILE_OFFSET(cardinal_window_tile, columns, WINDOW_COLUMNS);
CARDINAL_TILE_OFFSET(cardinal_window_tile, pixels, WINDOW_PIXELS);

/* The tiles of an ISA for one width of slots. */
typedef struct cardinal_window_tiles {
  void (*of[2][WINDOW_MOST_PIXELS])(const cardinal_window_tile *); /* [stride - 1][pixels - 1] */
  size_t most_pixels, lanes;                                       /* of a tile */
} cardinal_window_tiles;

/* Of output position `out`: the taps [begin, end) that aren't padding. */
typedef struct cardinal_window_taps {
  size_t begin, end;
} cardinal_window_taps;

static inline cardinal_window_taps cardinal_window_taps_of(size_t out, size_t stride, size_t kernel, size_t dilation,
                                                           size_t pad, size_t size) {
  const size_t first = out * stride;
  cardinal_window_taps taps = {0, kernel};
  while (taps.begin < kernel && first + taps.begin * dilation < pad)
    ++taps.begin;
  while (taps.end > taps.begin && first + (taps.end - 1) * dilation >= size + pad)
    --taps.end;
  return taps;
}

/* Which of 64 columns from `first` on lie in an image of `width`. */
static inline uint64_t cardinal_window_columns(ptrdiff_t first, size_t width) {
  uint64_t columns = ~UINT64_C(0);
  if (first < 0)
    columns = first > -64 ? columns << -first : 0;
  const ptrdiff_t after = (ptrdiff_t)width - first;
  if (after < 64)
    columns &= after > 0 ? (UINT64_C(1) << after) - 1 : 0;
  return columns;
}

/* The lanes of a tile from `lane` on, all rows. */
static inline void cardinal_window_of_lanes(const cardinal_conv_args *a, const cardinal_window_tiles *tiles,
                                            cardinal_format format, size_t lane) {
  const cardinal_window *win = &a->window;
  const size_t w_ky = win->kernel_w * CARDINAL_BLOCK * CARDINAL_CELL_BYTES; /* weights of a cell and a ky */
  const size_t bytes = cardinal_format_bytes(format), y_bytes = cardinal_y_bytes(format, a->y_f32);
  cardinal_window_tile t = {
      .x_column = win->dilation_w * CARDINAL_BLOCK * bytes,
      .x_row = win->dilation_h * a->x_row * bytes,
      .w = (const char *)a->w + lane * CARDINAL_CELL_BYTES,
      .kernel_w = win->kernel_w,
      .end = cardinal_tile_end_of_conv(a, format, lane),
  };
  const cardinal_cut cut = cardinal_cut_evenly(a->out_width, tiles->most_pixels);
  for (size_t tile = 0, first = 0, pixels; tile < cardinal_cut_tiles(cut); ++tile, first += pixels) {
    pixels = cardinal_cut_length(cut, tile);
    for (size_t kx = 0; kx < win->kernel_w; ++kx)
      t.pixels[kx] = 0;
    for (size_t p = 0; p < pixels; ++p) {
      const cardinal_window_taps taps =
          cardinal_window_taps_of(first + p, win->stride_w, win->kernel_w, win->dilation_w, win->pad_left, a->in_width);
      for (size_t kx = taps.begin; kx < taps.end; ++kx)
        t.pixels[kx] |= 1u << p;
    }
    const ptrdiff_t column = (ptrdiff_t)(first * win->stride_w) - (ptrdiff_t)win->pad_left;
    t.columns = cardinal_window_columns(column, a->in_width);
    for (size_t row = a->row_begin; row < a->row_end; ++row) {
      const cardinal_window_taps taps =
          cardinal_window_taps_of(row, win->stride_h, win->kernel_h, win->dilation_h, win->pad_top, a->in_height);
      const size_t at = (row * a->y_row + first * CARDINAL_BLOCK + lane) * y_bytes;
      const ptrdiff_t top = (ptrdiff_t)(row * win->stride_h + taps.begin * win->dilation_h) - (ptrdiff_t)win->pad_top;
      t.rows = taps.end - taps.begin;
      t.cells = t.rows ? cardinal_cells(format, a->channels) : 0;
      t.x = (const char *)a->x + (a->slot < CARDINAL_BLOCK ? lane * bytes : 0) +
            (top * (ptrdiff_t)a->x_row + column * CARDINAL_BLOCK) * (ptrdiff_t)bytes;
      t.x_next_block = a->x_block * bytes - t.rows * t.x_row;
      t.w_above = taps.begin * w_ky;
      t.w_below = (win->kernel_h - taps.end) * w_ky;
      t.y = (char *)a->y + at;
      t.residual = a->residual ? (const char *)a->residual + at : NULL;
      tiles->of[win->stride_w - 1][pixels - 1](&t);
    }
  }
}

/* A whole call, by the tiles for its slots. */
static inline void cardinal_window_run_tiles(const cardinal_conv_args *a, const cardinal_window_tiles *tiles,
                                             cardinal_format format) {
  for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += tiles->lanes)
    cardinal_window_of_lanes(a, tiles, format, lane);
}

/* The same, where `tiles` are those of slots of 1, 4, 8 and 16 lanes. */
static inline void cardinal_window_run(const cardinal_conv_args *a, const cardinal_window_tiles tiles[4],
                                       cardinal_format format) {
  cardinal_window_run_tiles(a, &tiles[a->slot == 1 ? 0 : a->slot == 4 ? 1 : a->slot == 8 ? 2 : 3], format);
}

/* A kernel `cardinal_KERNEL` of the four `cardinal_TILES_tiles`. */
#define CARDINAL_WINDOW_KERNEL(kernel, format, tiles)                                                                  \
  extern const cardinal_window_tiles cardinal_##tiles##_tiles[4];                                                      \
  void cardinal_##kernel(const cardinal_conv_args *a) {                                                                \
    cardinal_window_run(a, cardinal_##tiles##_tiles, CARDINAL_FORMAT_##format);                                        \
  }
#endif

#endif
