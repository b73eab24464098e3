/* SPDX-License-Identifier: BSD-3-Clause */
/* A tile of a fully connected layer, images × blocks of 16 outputs, as C and assembly see it. Distances are bytes. */
#ifndef CARDINAL_KERNELS_FC_H
#define CARDINAL_KERNELS_FC_H

#define FC_X 0
#define FC_W 8
#define FC_RESIDUAL 16
#define FC_Y 24
#define FC_CELLS 32
#define FC_X_IMAGE 40
#define FC_W_PANEL 48
#define FC_Y_IMAGE 56
#define FC_Y_BLOCK 64
#define FC_END 72

/* The largest tiles: with AVX2 3 × 2 blocks or 1 × 4, with AVX-512 3 × 4: more panels at once are slower from memory.
 * All registers but 4, and those that products take for themselves, may be sums. */
#define FC_MOST_IMAGES 3
#define FC_MOST_BLOCKS 4
#define FC_OTHER_REGISTERS (FC_MOST_IMAGES + 1)

#include "kernels/tile.h"

#ifndef __ASSEMBLER__
typedef struct cardinal_fc_tile {
  const char *x, *w, *residual; /* residual: NULL if there is none */
  char *y;
  size_t cells;
  size_t x_image, w_panel, y_image, y_block;
  cardinal_tile_end end;
} cardinal_fc_tile;

CARDINAL_TILE_OFFSET(cardinal_fc_tile, x, FC_X);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, w, FC_W);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, residual, FC_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, y, FC_Y);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, cells, FC_CELLS);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, x_image, FC_X_IMAGE);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, w_panel, FC_W_PANEL);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, y_image, FC_Y_IMAGE);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, y_block, FC_Y_BLOCK);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, end, FC_END);

/* [images - 1][blocks - 1], NULL where registers don't suffice. */
typedef void (*cardinal_fc_tiles[FC_MOST_IMAGES][FC_MOST_BLOCKS])(const cardinal_fc_tile *);

/* All of a layer. */
static inline void cardinal_fc_run(const cardinal_fc_args *a, cardinal_format format, const cardinal_fc_tiles tiles) {
  const size_t x_bytes = cardinal_format_bytes(format), y_bytes = cardinal_y_bytes(format, a->y_f32);
  cardinal_fc_tile t = {
      .cells = cardinal_cells(format, a->channels),
      .x_image = a->x_image * x_bytes,
      .w_panel = a->w_panel * CARDINAL_CELL_BYTES,
      .y_image = a->y_image * y_bytes,
      .y_block = CARDINAL_BLOCK * y_bytes,
  };
  const cardinal_cut images = cardinal_cut_evenly(a->images, FC_MOST_IMAGES);
  size_t most_blocks = FC_MOST_BLOCKS;
  while (!tiles[cardinal_cut_length(images, 0) - 1][most_blocks - 1])
    --most_blocks;
  for (size_t block = 0, blocks; block < a->blocks; block += blocks) {
    const size_t left = a->blocks - block, lane = block * CARDINAL_BLOCK;
    blocks = left < most_blocks ? left : most_blocks;
    t.w = (const char *)a->w + block * t.w_panel;
    t.end = CARDINAL_TILE_END(a, lane);
    if (blocks < left)
      cardinal_tile_lanes(t.end.lanes, CARDINAL_ALL_LANES);
    if (format == CARDINAL_FORMAT_INT8)
      t.end.most = cardinal_tile_most(&t.end, blocks * CARDINAL_BLOCK, a->channels);
    for (size_t i = 0, image = 0; i < cardinal_cut_tiles(images); ++i) {
      const size_t count = cardinal_cut_length(images, i);
      const size_t at = image * t.y_image + lane * y_bytes;
      t.x = (const char *)a->x + image * t.x_image;
      t.residual = a->residual ? (const char *)a->residual + at : NULL;
      t.y = (char *)a->y + at;
      tiles[count - 1][blocks - 1](&t);
      image += count;
    }
  }
}

/* A kernel `cardinal_KERNEL` of the tiles `cardinal_TILES_tiles`. */
#define CARDINAL_FC_KERNEL(kernel, format, tiles)                                                                      \
  extern const cardinal_fc_tiles cardinal_##tiles##_tiles;                                                             \
  void cardinal_##kernel(const cardinal_fc_args *a) {                                                                  \
    cardinal_fc_run(a, CARDINAL_FORMAT_##format, cardinal_##tiles##_tiles);                                            \
  }
#endif

#endif
