/* SPDX-License-Identifier: BSD-3-Clause */
/* A tile of a 3×3 convolution, up to four segments of rows, as C and assembly see it; each architecture's
 * gconv3x3_segments.inc has the tiles. Distances are bytes. */
#ifndef CARDINAL_KERNELS_GCONV3X3_SEGMENTS_H
#define CARDINAL_KERNELS_GCONV3X3_SEGMENTS_H

#define SEGMENTS_MOST 4
#define SEGMENTS_MOST_PIXELS 14

#define SEGMENTS_X 0
#define SEGMENTS_X_SEGMENT 8
#define SEGMENTS_X_ROW 40
#define SEGMENTS_X_NEXT_BLOCK 48
#define SEGMENTS_W 56
#define SEGMENTS_CELLS 64
#define SEGMENTS_Y 72
#define SEGMENTS_RESIDUAL 104
#define SEGMENTS_EDGES 112
#define SEGMENTS_HAS_RESIDUAL 120
#define SEGMENTS_END 128

/* What of a segment is padding: its first column, its last one, all of it for the current ky. Four bits a segment of
 * each ky's 16; the fourth bit of the last segment says that a ky has nothing but padding. A bit marks the end of the
 * last ky. */
#define SEGMENT_LEFT 1
#define SEGMENT_RIGHT 2
#define SEGMENT_WHOLE 4
#define SEGMENT_BITS 4
#define SEGMENTS_NOTHING 0x8000
#define SEGMENTS_KY_BITS 16

#include "kernels/tile.h"

#ifndef __ASSEMBLER__
typedef struct cardinal_segments_tile {
  const char *x;                   /* first segment's first column, ky = 0 */
  size_t x_segment[SEGMENTS_MOST]; /* from there to each segment's */
  size_t x_row, x_next_block;      /* x_next_block: from the row after a block's last one to the next block's first */
  const char *w;
  size_t cells;
  char *y[SEGMENTS_MOST]; /* NULL where there is no segment */
  ptrdiff_t residual;     /* from y */
  uint64_t edges;         /* of ky = 0 lowest */
  uint32_t has_residual;
  cardinal_tile_end end;
} cardinal_segments_tile;

CARDINAL_TILE_OFFSET(cardinal_segments_tile, x, SEGMENTS_X);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, x_segment, SEGMENTS_X_SEGMENT);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, x_row, SEGMENTS_X_ROW);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, x_next_block, SEGMENTS_X_NEXT_BLOCK);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, w, SEGMENTS_W);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, cells, SEGMENTS_CELLS);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, y, SEGMENTS_Y);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, residual, SEGMENTS_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, edges, SEGMENTS_EDGES);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, has_residual, SEGMENTS_HAS_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_segments_tile, end, SEGMENTS_END);

/* The tiles of an ISA: [stride - 1][pixels of a segment - 1], and how many segments they have. */
typedef struct cardinal_segments {
  void (*of[2][SEGMENTS_MOST_PIXELS])(const cardinal_segments_tile *);
  size_t segments[SEGMENTS_MOST_PIXELS]; /* 0 for more pixels than the registers hold */
  size_t vector_lanes;                   /* of a tile */
} cardinal_segments;

enum {
  SEGMENTS_FULL = 8 /* sums that keep two FMA units busy, whose results take 4 cycles */
};

/* A row in as few pieces as tiles have sums for. */
static inline cardinal_cut cardinal_segments_fewest(size_t width, const cardinal_segments *tiles) {
  size_t most = 1;
  while (most < SEGMENTS_MOST_PIXELS && tiles->segments[most])
    ++most;
  return cardinal_cut_evenly(width, most);
}

/* How rows are cut: into as few pieces as possible if their tiles are full, else into more if that fills them better.
 */
static inline cardinal_cut cardinal_segments_cut(size_t width, const cardinal_segments *tiles) {
  const cardinal_cut fewest = cardinal_segments_fewest(width, tiles);
  const size_t sums = fewest.shorter * tiles->segments[fewest.shorter - 1];
  if (sums >= SEGMENTS_FULL || fewest.shorter == 1)
    return fewest;
  const cardinal_cut more = cardinal_cut_evenly(width, fewest.shorter - 1);
  return more.shorter * tiles->segments[more.shorter - 1] > sums ? more : fewest;
}

/* A call: its arguments, the ISA's tiles, the format of x and w, and bytes of a pixel's block of x and of y. */
typedef struct cardinal_segments_call {
  const cardinal_conv_args *args;
  const cardinal_segments *tiles;
  cardinal_format format;
  size_t x_pixel, y_pixel;
} cardinal_segments_call;

/* Where an output row begins: in x, at its first column of padding, and in y; and which ky are padding to it. */
typedef struct cardinal_segments_row {
  const char *x;
  char *y;
  uint64_t edges;
} cardinal_segments_row;

static inline cardinal_segments_row cardinal_segments_row_of(const cardinal_segments_call *call, size_t row) {
  const cardinal_conv_args *a = call->args;
  const ptrdiff_t top = (ptrdiff_t)(row * a->window.stride_h) - (ptrdiff_t)a->window.pad_top;
  const ptrdiff_t numbers = top * (ptrdiff_t)a->x_row - (ptrdiff_t)(a->window.pad_left * CARDINAL_BLOCK);
  cardinal_segments_row start = {(const char *)a->x + numbers * (ptrdiff_t)cardinal_format_bytes(call->format),
                                 (char *)a->y + row * a->y_row * cardinal_y_bytes(call->format, a->y_f32), 0};
  for (ptrdiff_t ky = 0; ky < 3; ++ky)
    if (top + ky < 0 || top + ky >= (ptrdiff_t)a->in_height)
      start.edges |= (uint64_t)SEGMENT_WHOLE << (SEGMENTS_KY_BITS * ky);
  return start;
}

enum {
  SEGMENTS_MOST_TILES = 4 /* side by side in a block, each of so many of its lanes */
};
#define SEGMENTS_EACH_KY ((uint64_t)1 << 2 * SEGMENTS_KY_BITS | (uint64_t)1 << SEGMENTS_KY_BITS | 1)

/* Runs the tile whose segments are placed, with `edges`, and those of a block's other lanes. */
static inline void cardinal_segments_tile_run(const cardinal_segments_call *call,
                                              cardinal_segments_tile t[SEGMENTS_MOST_TILES], size_t pixels,
                                              size_t segments, uint64_t edges) {
  const cardinal_conv_args *a = call->args;
  const cardinal_segments *tiles = call->tiles;
  const size_t all = tiles->segments[pixels - 1];
  for (size_t s = segments; s < all; ++s) { /* those that are missing are nothing but padding */
    edges |= (SEGMENTS_EACH_KY * SEGMENT_WHOLE) << (SEGMENT_BITS * s);
    t[0].x_segment[s] = 0;
    t[0].y[s] = NULL;
  }
  const uint64_t whole = (uint64_t)0x4444 & ((1u << (SEGMENT_BITS * all)) - 1);
  if (edges & SEGMENTS_EACH_KY * whole)
    for (size_t ky = 0; ky < 3; ++ky)
      if ((edges >> (SEGMENTS_KY_BITS * ky) & whole) == whole)
        edges |= (uint64_t)SEGMENTS_NOTHING << (SEGMENTS_KY_BITS * ky);
  t[0].edges = edges | (uint64_t)1 << 3 * SEGMENTS_KY_BITS;
  tiles->of[a->window.stride_h - 1][pixels - 1](&t[0]);
  for (size_t v = 1, lane = tiles->vector_lanes; lane < CARDINAL_BLOCK; ++v, lane += tiles->vector_lanes) {
    t[v].x = t[0].x + (a->slot < CARDINAL_BLOCK ? lane * call->x_pixel / CARDINAL_BLOCK : 0);
    t[v].edges = t[0].edges;
    for (size_t s = 0; s < all; ++s) {
      t[v].x_segment[s] = t[0].x_segment[s];
      t[v].y[s] = t[0].y[s] ? t[0].y[s] + lane * call->y_pixel / CARDINAL_BLOCK : NULL;
    }
    tiles->of[a->window.stride_h - 1][pixels - 1](&t[v]);
  }
}

/* The segments of `pixels` pixels of rows [row_begin, row_end), `across` of them side by side from column `first` on,
 * evenly spread over tiles. */
static inline void cardinal_segments_of(const cardinal_segments_call *call,
                                        cardinal_segments_tile t[SEGMENTS_MOST_TILES], size_t row_begin, size_t row_end,
                                        size_t first, size_t pixels, size_t across) {
  const cardinal_conv_args *a = call->args;
  const size_t stride = a->window.stride_h, pad = a->window.pad_left, end = first + across * pixels;
  const cardinal_cut cut = cardinal_cut_evenly((row_end - row_begin) * across, call->tiles->segments[pixels - 1]);
  size_t row = row_begin, column = first, s = 0, tile = 0;
  uint64_t edges = 0;
  for (cardinal_segments_row start = cardinal_segments_row_of(call, row); row < row_end;) {
    const char *x = start.x + column * stride * call->x_pixel;
    uint64_t here = start.edges;
    if (column * stride < pad)
      here |= SEGMENT_LEFT * SEGMENTS_EACH_KY;
    if ((column + pixels - 1) * stride + 2 >= a->in_width + pad)
      here |= SEGMENT_RIGHT * SEGMENTS_EACH_KY;
    if (s == 0) {
      t->x = x;
      edges = 0;
    }
    t->x_segment[s] = (size_t)(x - t->x);
    t->y[s] = start.y + column * call->y_pixel;
    edges |= here << (SEGMENT_BITS * s++);
    column += pixels;
    if (column == end && ++row < row_end) {
      column = first;
      start = cardinal_segments_row_of(call, row);
    }
    if (s == cardinal_cut_length(cut, tile)) {
      cardinal_segments_tile_run(call, t, pixels, s, edges);
      s = 0;
      ++tile;
    }
  }
}

/* Makes `t` the tiles of a block's lanes, but for where they are. Field by field: an initializer would clear all of it
 * first, which takes longer than the rest. */
static inline void cardinal_segments_start(const cardinal_segments_call *call,
                                           cardinal_segments_tile t[SEGMENTS_MOST_TILES]) {
  const cardinal_conv_args *a = call->args;
  const size_t bytes = cardinal_format_bytes(call->format);
  for (size_t v = 0, lane = 0; lane < CARDINAL_BLOCK; ++v, lane += call->tiles->vector_lanes) {
    t[v].x_row = a->x_row * bytes;
    t[v].x_next_block = (a->x_block - 3 * a->x_row) * bytes;
    t[v].w = (const char *)a->w + lane * CARDINAL_CELL_BYTES;
    t[v].cells = cardinal_cells(call->format, a->channels);
    t[v].residual = a->residual ? (const char *)a->residual - (const char *)a->y : 0;
    t[v].has_residual = a->residual != NULL;
    t[v].end = cardinal_tile_end_of_conv(a, call->format, lane);
  }
}

/* Rows [row_begin, row_end), all cut alike. */
static inline void cardinal_segments_rows(const cardinal_segments_call *call,
                                          cardinal_segments_tile t[SEGMENTS_MOST_TILES], size_t row_begin,
                                          size_t row_end, cardinal_cut cut) {
  /* Where a row is tiles of its own, they follow one another, so that it is read from end to end. */
  const size_t rows = call->tiles->segments[cut.shorter - 1] == 1 ? 1 : row_end - row_begin;
  for (size_t row = row_begin; row < row_end; row += rows) {
    if (cut.longer_count > 0)
      cardinal_segments_of(call, t, row, row + rows, 0, cut.longer, cut.longer_count);
    cardinal_segments_of(call, t, row, row + rows, cut.longer * cut.longer_count, cut.shorter, cut.shorter_count);
  }
}

/* Whether the last row is better cut into fewer pieces than the others: if they would leave one over when tiles are
 * full, and the row has one ky less to wait for than the tiles that would have to share it. Of 7 rows of 7 pixels with
 * AVX2, six are then 3+3 rows of 4+3 pixels. */
static inline _Bool cardinal_segments_last_differs(const cardinal_segments_call *call, cardinal_cut cut,
                                                   cardinal_cut fewest) {
  const cardinal_conv_args *a = call->args;
  return cut.shorter < fewest.shorter &&
         (a->row_end - a->row_begin) * cut.longer_count % call->tiles->segments[cut.longer - 1] == 1 &&
         cardinal_segments_row_of(call, a->row_end - 1).edges;
}

/* A whole call. */
static inline void cardinal_segments_run(const cardinal_conv_args *a, const cardinal_segments *tiles,
                                         cardinal_format format) {
  if (a->row_begin == a->row_end)
    return;
  const cardinal_segments_call call = {a, tiles, format, CARDINAL_BLOCK * cardinal_format_bytes(format),
                                       CARDINAL_BLOCK * cardinal_y_bytes(format, a->y_f32)};
  cardinal_segments_tile t[SEGMENTS_MOST_TILES];
  cardinal_segments_start(&call, t);
  const cardinal_cut fewest = cardinal_segments_fewest(a->out_width, tiles);
  const cardinal_cut cut = cardinal_segments_cut(a->out_width, tiles);
  const size_t alike = a->row_end - cardinal_segments_last_differs(&call, cut, fewest);
  cardinal_segments_rows(&call, t, a->row_begin, alike, cut);
  cardinal_segments_rows(&call, t, alike, a->row_end, fewest);
}

/* A kernel `cardinal_KERNEL` of the tiles `cardinal_KERNEL_tiles`. */
#define CARDINAL_SEGMENTS_KERNEL(kernel, format)                                                                       \
  extern const cardinal_segments cardinal_##kernel##_tiles;                                                            \
  void cardinal_##kernel(const cardinal_conv_args *a) {                                                                \
    cardinal_segments_run(a, &cardinal_##kernel##_tiles, CARDINAL_FORMAT_##format);                                    \
  }
#endif

#endif
