/* SPDX-License-Identifier: BSD-3-Clause */
/* A tile of a 1×1 convolution, pixels × blocks of 16 output channels, as C and assembly see it. Distances are bytes. */
#ifndef CARDINAL_KERNELS_CONV1X1_H
#define CARDINAL_KERNELS_CONV1X1_H

#define CONV1X1_X 0
#define CONV1X1_W 8
#define CONV1X1_RESIDUAL 16
#define CONV1X1_Y 24
#define CONV1X1_IN_BLOCKS 32
#define CONV1X1_LAST_CELLS 40
#define CONV1X1_X_BLOCK 48
#define CONV1X1_W_PANEL 56
#define CONV1X1_Y_BLOCK 64
#define CONV1X1_X_AHEAD 72
#define CONV1X1_X_NEXT 80
#define CONV1X1_W_AHEAD 88
#define CONV1X1_W_AHEAD_STEP 96
#define CONV1X1_Y_AHEAD 104
#define CONV1X1_Y_TURN 112
#define CONV1X1_END 120
#define CONV1X1_BIAS (CONV1X1_END + END_BIAS)
#define CONV1X1_FLOOR (CONV1X1_END + END_FLOOR)
#define CONV1X1_LANES (CONV1X1_END + END_LANES)

/* For each ISA: the most pixels of a tile, and how many input blocks ahead pixels are prefetched, about 500 cycles. */
#define CONV1X1_PIXELS_AVX2 6
#define CONV1X1_AHEAD_AVX2 4
#define CONV1X1_AHEAD_INT8_AVX2 8
#define CONV1X1_PIXELS_AVX512 14
#define CONV1X1_AHEAD_AVX512 2
#define CONV1X1_AHEAD_BF16_AVX512 4
#define CONV1X1_AHEAD_INT8_AVX512 8
#define CONV1X1_PIXELS_NEON 6
#define CONV1X1_AHEAD_NEON 2
#define CONV1X1_AHEAD_BF16_NEON 2
#define CONV1X1_AHEAD_INT8_NEON 8

#include "kernels/tile.h"

#ifndef __ASSEMBLER__
typedef struct cardinal_conv1x1_tile {
  const char *x, *w, *residual; /* residual: NULL if there is none */
  char *y;
  size_t in_blocks, last_cells; /* full input blocks, and cells of the one after them */
  size_t x_block, w_panel, y_block;
  /* Where to prefetch, a line a cell. Pixels: their blocks are x_block apart; those of the next tile, at x_next,
   * follow. Weights: w_ahead_step on with each block. What the end of the tile will touch, the residual or else y: with
   * each block the pixels of the other of two output blocks, to which an exclusive or with y_turn leads. */
  uintptr_t x_ahead, x_next, w_ahead, w_ahead_step, y_ahead, y_turn;
  cardinal_tile_end end;
} cardinal_conv1x1_tile;

CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, x, CONV1X1_X);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, w, CONV1X1_W);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, residual, CONV1X1_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, y, CONV1X1_Y);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, in_blocks, CONV1X1_IN_BLOCKS);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, last_cells, CONV1X1_LAST_CELLS);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, x_block, CONV1X1_X_BLOCK);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, w_panel, CONV1X1_W_PANEL);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, y_block, CONV1X1_Y_BLOCK);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, x_ahead, CONV1X1_X_AHEAD);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, w_ahead, CONV1X1_W_AHEAD);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, w_ahead_step, CONV1X1_W_AHEAD_STEP);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, x_next, CONV1X1_X_NEXT);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, y_ahead, CONV1X1_Y_AHEAD);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, y_turn, CONV1X1_Y_TURN);
CARDINAL_TILE_OFFSET(cardinal_conv1x1_tile, end, CONV1X1_END);

typedef void cardinal_conv1x1_tile_function(const cardinal_conv1x1_tile *);

/* All pixels of a call, cut into tiles; `tiles` are those for its number of blocks, tiles[i] of i + 1 pixels. */
static inline void cardinal_conv1x1_run_cut(const cardinal_conv1x1_args *a, cardinal_format format,
                                            cardinal_conv1x1_tile_function *const *tiles, cardinal_cut cut,
                                            size_t ahead) {
  enum {
    LINE = 64
  };
  const size_t x_bytes = cardinal_format_bytes(format), y_bytes = cardinal_y_bytes(format, a->y_f32);
  cardinal_conv1x1_tile t = {
      .x = a->x,
      .w = a->w,
      .residual = a->residual,
      .y = a->y,
      .in_blocks = a->channels / CARDINAL_BLOCK,
      .last_cells = cardinal_cells(format, a->channels % CARDINAL_BLOCK),
      .x_block = a->x_block * x_bytes,
      .w_panel = a->w_panel * CARDINAL_CELL_BYTES,
      .y_block = a->y_block * y_bytes,
      .w_ahead = (uintptr_t)(a->next_w ? a->next_w : a->w),
      .end = CARDINAL_TILE_END(a, 0),
  };
  if (format == CARDINAL_FORMAT_INT8)
    t.end.most = cardinal_tile_most(&t.end, a->blocks * CARDINAL_BLOCK, a->channels);
  const size_t count = cardinal_cut_tiles(cut);
  /* The next weights are spread over all steps, a step being an input block of a tile, in whole lines. */
  const size_t steps = count * t.in_blocks, lines = a->next_w_bytes / LINE;
  t.w_ahead_step = steps ? (lines + steps - 1) / steps * LINE : 0;
  const uintptr_t w_ahead_end = t.w_ahead + lines * LINE;
  for (size_t i = 0; i < count; ++i) {
    const size_t numbers = cardinal_cut_length(cut, i) * CARDINAL_BLOCK;
    const char *next_x = t.x + numbers * x_bytes;
    t.x_next = (uintptr_t)(i + 1 < count ? next_x : a->next_x ? a->next_x : a->x);
    t.x_ahead = t.in_blocks > ahead ? (uintptr_t)(t.x + ahead * t.x_block) : t.x_next;
    t.y_ahead = (uintptr_t)(t.residual ? t.residual : t.y);
    t.y_turn = a->blocks > 1 ? t.y_ahead ^ (t.y_ahead + t.y_block) : 0;
    if (t.w_ahead >= w_ahead_end)
      t.w_ahead_step = 0;
    tiles[numbers / CARDINAL_BLOCK - 1](&t);
    t.w_ahead += t.in_blocks * t.w_ahead_step;
    t.x = next_x;
    t.y += numbers * y_bytes;
    if (t.residual)
      t.residual += numbers * y_bytes;
  }
}

/* The same, cut evenly into tiles of at most `most_pixels`. */
static inline void cardinal_conv1x1_run(const cardinal_conv1x1_args *a, cardinal_format format,
                                        cardinal_conv1x1_tile_function *const *tiles, size_t most_pixels,
                                        size_t ahead) {
  cardinal_conv1x1_run_cut(a, format, tiles, cardinal_cut_evenly(a->pixels, most_pixels), ahead);
}
#endif

#endif
