/* SPDX-License-Identifier: BSD-3-Clause */
/* A tile of a fully connected layer, images × blocks of 16 outputs, as C and assembly see it. Distances are bytes. */
#ifndef CARDINAL_KERNELS_FC_H
#define CARDINAL_KERNELS_FC_H

#define FC_X 0
#define FC_W 8
#define FC_BIAS 16
#define FC_RESIDUAL 24
#define FC_Y 32
#define FC_CHANNELS 40
#define FC_X_IMAGE 48
#define FC_W_PANEL 56
#define FC_Y_IMAGE 64
#define FC_FLOOR 72
#define FC_LANES 76

/* The largest tiles: with AVX2 3 × 2 blocks or 1 × 4, with AVX-512 3 × 4: more panels at once are slower from memory.
 * All registers but 4 may be sums. */
#define FC_MOST_IMAGES 3
#define FC_MOST_BLOCKS 4
#define FC_OTHER_REGISTERS (FC_MOST_IMAGES + 1)

#ifndef __ASSEMBLER__
#include "kernels/tile.h"

typedef struct cardinal_fc_tile {
  const float *x, *w, *bias, *residual; /* residual: NULL if there is none */
  float *y;
  size_t channels;
  size_t x_image, w_panel, y_image;
  float floor;
  int32_t lanes[CARDINAL_BLOCK]; /* of the last block */
} cardinal_fc_tile;

CARDINAL_TILE_OFFSET(cardinal_fc_tile, x, FC_X);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, w, FC_W);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, bias, FC_BIAS);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, residual, FC_RESIDUAL);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, y, FC_Y);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, channels, FC_CHANNELS);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, x_image, FC_X_IMAGE);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, w_panel, FC_W_PANEL);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, y_image, FC_Y_IMAGE);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, floor, FC_FLOOR);
CARDINAL_TILE_OFFSET(cardinal_fc_tile, lanes, FC_LANES);

/* [images - 1][blocks - 1], NULL where registers don't suffice. */
typedef void (*cardinal_fc_tiles[FC_MOST_IMAGES][FC_MOST_BLOCKS])(const cardinal_fc_tile *);

/* All of a layer. */
static inline void cardinal_fc_run(const cardinal_fc_args *a, const cardinal_fc_tiles tiles) {
  cardinal_fc_tile t = {
      .channels = a->channels,
      .x_image = a->x_image * sizeof(float),
      .w_panel = a->w_panel * sizeof(float),
      .y_image = a->y_image * sizeof(float),
      .floor = cardinal_tile_floor(a->relu),
  };
  const cardinal_cut images = cardinal_cut_evenly(a->images, FC_MOST_IMAGES);
  size_t most_blocks = FC_MOST_BLOCKS;
  while (!tiles[cardinal_cut_length(images, 0) - 1][most_blocks - 1])
    --most_blocks;
  for (size_t block = 0, blocks; block < a->blocks; block += blocks) {
    const size_t left = a->blocks - block;
    blocks = left < most_blocks ? left : most_blocks;
    cardinal_tile_lanes(t.lanes, blocks == left ? a->lane_mask : CARDINAL_ALL_LANES);
    t.w = (const float *)a->w + block * a->w_panel;
    t.bias = a->bias + block * CARDINAL_BLOCK;
    for (size_t i = 0, image = 0; i < cardinal_cut_tiles(images); ++i) {
      const size_t count = cardinal_cut_length(images, i);
      const size_t at = image * a->y_image + block * CARDINAL_BLOCK;
      t.x = (const float *)a->x + image * a->x_image;
      t.residual = a->residual ? (const float *)a->residual + at : NULL;
      t.y = (float *)a->y + at;
      tiles[count - 1][blocks - 1](&t);
      image += count;
    }
  }
}
#endif

#endif
