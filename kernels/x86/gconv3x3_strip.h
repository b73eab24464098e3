/* SPDX-License-Identifier: BSD-3-Clause */
/* A strip of a 3×3 convolution of groups narrower than a vector, as C and assembly see it: a few columns of pixels,
 * from the first output row to the last. kernels/x86/gconv3x3_strip.inc says why. Distances are bytes. */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_STRIP_H
#define CARDINAL_KERNELS_X86_GCONV3X3_STRIP_H

#define STRIP_X 0
#define STRIP_X_BEGIN 8
#define STRIP_X_END 16
#define STRIP_X_ROW 24
#define STRIP_W 32
#define STRIP_W_ROW 40
#define STRIP_CELLS 48
#define STRIP_Y 56
#define STRIP_Y_ROW 64
#define STRIP_ROWS 72
#define STRIP_RESIDUAL 80
#define STRIP_HAS_RESIDUAL 88
#define STRIP_EDGES 92
#define STRIP_END 96

/* A strip's first or last column is padding. */
#define STRIP_LEFT 1
#define STRIP_RIGHT 2

#define STRIP_MOST_PIXELS 10

#include "kernels/tile.h"

#ifndef __ASSEMBLER__
typedef struct cardinal_strip {
  const char *x;               /* row of ky = 0 of the first output row, column of kx = 0 of the first pixel */
  const char *x_begin, *x_end; /* the same column of the image's first row and of the one after its last: rows outside
                                * are padding */
  size_t x_row;
  const char *w;
  size_t w_row; /* from one ky to the next */
  size_t cells;
  char *y;
  size_t y_row, rows;
  ptrdiff_t residual; /* from y */
  uint32_t has_residual, edges;
  cardinal_tile_end end;
} cardinal_strip;

CARDINAL_TILE_OFFSET(cardinal_strip, x, STRIP_X);
CARDINAL_TILE_OFFSET(cardinal_strip, x_begin, STRIP_X_BEGIN);
CARDINAL_TILE_OFFSET(cardinal_strip, x_end, STRIP_X_END);
CARDINAL_TILE_OFFSET(cardinal_strip, x_row, STRIP_X_ROW);
CARDINAL_TILE_OFFSET(cardinal_strip, w, STRIP_W);
CARDINAL_TILE_OFFSET(cardinal_strip, w_row, STRIP_W_ROW);
CARDINAL_TILE_OFFSET(cardinal_strip, cells, STRIP_CELLS);
CARDINAL_TILE_OFFSET(cardinal_strip, y, STRIP_Y);
CARDINAL_TILE_OFFSET(cardinal_strip, y_row, STRIP_Y_ROW);
CARDINAL_TILE_OFFSET(cardinal_strip, rows, STRIP_ROWS);
CARDINAL_TILE_OFFSET(cardinal_strip, residual, STRIP_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_strip, has_residual, STRIP_HAS_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_strip, edges, STRIP_EDGES);
CARDINAL_TILE_OFFSET(cardinal_strip, end, STRIP_END);

/* [stride - 1][pixels - 1], as many as the ISA's registers allow, and the number of these */
typedef struct cardinal_strips {
  void (*of[2][STRIP_MOST_PIXELS])(const cardinal_strip *);
  size_t most_pixels[2], vector_lanes;
} cardinal_strips;

/* All strips of the vector of lanes that begins with `lane`. */
static inline void cardinal_strips_of_lanes(const cardinal_conv_args *a, const cardinal_strips *strips,
                                            cardinal_format format, size_t lane) {
  const size_t stride = a->window.stride_h, pad = a->window.pad_left, cells = cardinal_cells(format, a->channels);
  const size_t bytes = cardinal_format_bytes(format), y_bytes = cardinal_y_bytes(format, a->y_f32);
  const cardinal_cut cut = cardinal_cut_evenly(a->out_width, strips->most_pixels[stride - 1]);
  cardinal_strip t = {
      .x_row = a->x_row * bytes,
      .w = (const char *)a->w + lane * CARDINAL_CELL_BYTES,
      .w_row = cells * 3 * CARDINAL_BLOCK * CARDINAL_CELL_BYTES,
      .cells = cells,
      .y_row = a->y_row * y_bytes,
      .rows = a->row_end - a->row_begin,
      .residual = a->residual ? (const char *)a->residual - (const char *)a->y : 0,
      .has_residual = a->residual != NULL,
      .end = cardinal_tile_end_of_conv(a, format, lane),
  };
  for (size_t i = 0, first = 0, pixels; i < cardinal_cut_tiles(cut); ++i, first += pixels) {
    pixels = cardinal_cut_length(cut, i);
    const ptrdiff_t column = (ptrdiff_t)(first * stride) - (ptrdiff_t)pad;
    const size_t last_column = (first + pixels - 1) * stride + 2;
    t.x_begin = (const char *)a->x + (ptrdiff_t)(lane * bytes) + column * (ptrdiff_t)(CARDINAL_BLOCK * bytes);
    t.x_end = t.x_begin + a->in_height * t.x_row;
    t.x = t.x_begin + ((ptrdiff_t)(a->row_begin * stride) - (ptrdiff_t)a->window.pad_top) * (ptrdiff_t)t.x_row;
    t.y = (char *)a->y + (a->row_begin * a->y_row + first * CARDINAL_BLOCK + lane) * y_bytes;
    t.edges = (column < 0 ? STRIP_LEFT : 0) | (last_column >= a->in_width + pad ? STRIP_RIGHT : 0);
    strips->of[stride - 1][pixels - 1](&t);
  }
}

/* A whole call. */
static inline void cardinal_strips_run(const cardinal_conv_args *a, const cardinal_strips *strips,
                                       cardinal_format format) {
  if (a->row_begin < a->row_end)
    for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += strips->vector_lanes)
      cardinal_strips_of_lanes(a, strips, format, lane);
}

/* A kernel `cardinal_KERNEL` of the strips `cardinal_KERNEL_strips`. */
#define CARDINAL_STRIPS_KERNEL(kernel, format)                                                                         \
  extern const cardinal_strips cardinal_##kernel##_strips;                                                             \
  void cardinal_##kernel(const cardinal_conv_args *a) {                                                                \
    cardinal_strips_run(a, &cardinal_##kernel##_strips, CARDINAL_FORMAT_##format);                                     \
  }
#endif

#endif
