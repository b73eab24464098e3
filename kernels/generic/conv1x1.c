/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable 1×1 convolution and fully connected layer. */
#include "kernels/generic/lanes.h"

enum {
  TILE_PIXELS = 4
};

/* `pixels` is a constant where this is inlined, so that the accumulators can live in registers. */
static inline void conv1x1_tile(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t pixels) {
  const float *x = a->x + first * CARDINAL_BLOCK;
  const float *w = a->w + block * a->w_panel;
  const size_t offset = block * a->y_block + first * CARDINAL_BLOCK;
  const uint32_t lane_mask = block + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES;

  float acc[TILE_PIXELS][CARDINAL_BLOCK];
  for (size_t p = 0; p < pixels; ++p)
    cardinal_lanes_copy(acc[p], a->bias + block * CARDINAL_BLOCK);

  for (size_t c = 0; c < a->channels; ++c) {
    const float *xc = x + c / CARDINAL_BLOCK * a->x_block + c % CARDINAL_BLOCK;
    for (size_t p = 0; p < pixels; ++p)
      cardinal_lanes_fma(acc[p], xc[p * CARDINAL_BLOCK], w + c * CARDINAL_BLOCK);
  }

  for (size_t p = 0; p < pixels; ++p) {
    const size_t at = offset + p * CARDINAL_BLOCK;
    cardinal_lanes_finish(a->y + at, acc[p], a->residual ? a->residual + at : NULL, a->relu, lane_mask);
  }
}

void cardinal_conv1x1_f32_4x16_generic(const cardinal_conv1x1_args *a) {
  for (size_t block = 0; block < a->blocks; ++block) {
    size_t pixel = 0;
    for (; pixel + TILE_PIXELS <= a->pixels; pixel += TILE_PIXELS)
      conv1x1_tile(a, block, pixel, TILE_PIXELS);
    for (; pixel < a->pixels; ++pixel)
      conv1x1_tile(a, block, pixel, 1);
  }
}

void cardinal_fc_f32_generic(const cardinal_fc_args *a) {
  for (size_t image = 0; image < a->images; ++image) {
    for (size_t block = 0; block < a->blocks; ++block) {
      const float *x = a->x + image * a->x_image;
      const float *w = a->w + block * a->w_panel;
      const size_t at = image * a->y_image + block * CARDINAL_BLOCK;

      float acc[CARDINAL_BLOCK];
      cardinal_lanes_copy(acc, a->bias + block * CARDINAL_BLOCK);
      for (size_t c = 0; c < a->channels; ++c)
        cardinal_lanes_fma(acc, x[c], w + c * CARDINAL_BLOCK);
      cardinal_lanes_finish(a->y + at, acc, a->residual ? a->residual + at : NULL, a->relu,
                            block + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES);
    }
  }
}
