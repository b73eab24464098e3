/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 convolution, groups of 16 channels and more, or one group. */
#include "kernels/arm/gconv3x3.h"

/* Tiles of 5 pixels keep x in registers; there are as many more registers as make it 7 without. */
enum { TILE_PIXELS = 5, LONG_TILE_PIXELS = 7, LEAST_PIXELS = 4 };

CARDINAL_INLINE void tile(const cardinal_conv_args *a, size_t row, size_t column, size_t pixels, size_t stride) {
  const cardinal_neon_kept kept = pixels > TILE_PIXELS                   ? CARDINAL_NEON_KEPT_NONE
                                  : pixels == TILE_PIXELS && stride == 2 ? CARDINAL_NEON_KEPT_EVEN
                                                                         : CARDINAL_NEON_KEPT_ALL;
  cardinal_neon_gconv_tile(
      a, row, column, 0,
      (cardinal_neon_gconv){.pixels = pixels, .vectors = CARDINAL_NEON_VECTORS, .stride = stride, .kept = kept});
}

CARDINAL_INLINE void any_tile(const cardinal_conv_args *a, size_t row, size_t column, size_t pixels, size_t stride) {
  switch (pixels) {
  case 1:
    tile(a, row, column, 1, stride);
    break;
  case 2:
    tile(a, row, column, 2, stride);
    break;
  case 3:
    tile(a, row, column, 3, stride);
    break;
  case 4:
    tile(a, row, column, 4, stride);
    break;
  case 5:
    tile(a, row, column, 5, stride);
    break;
  case 6:
    tile(a, row, column, 6, stride);
    break;
  default:
    tile(a, row, column, 7, stride);
    break;
  }
}

static void tile_stride_1(const cardinal_conv_args *a, size_t row, size_t column, size_t pixels) {
  any_tile(a, row, column, pixels, 1);
}

static void tile_stride_2(const cardinal_conv_args *a, size_t row, size_t column, size_t pixels) {
  any_tile(a, row, column, pixels, 2);
}

void cardinal_gconv3x3_f32_w16_neon(const cardinal_conv_args *a) {
  cardinal_neon_tiles tiles = cardinal_neon_cut(a->out_width, TILE_PIXELS);
  if (tiles.shorter < LEAST_PIXELS) /* 7 pixels are better off in one tile than in two of 4 and 3 */
    tiles = cardinal_neon_cut(a->out_width, LONG_TILE_PIXELS);
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t t = 0, column = 0; t < tiles.count; ++t) {
      const size_t pixels = cardinal_neon_tile_pixels(tiles, t);
      (a->stride_h == 1 ? tile_stride_1 : tile_stride_2)(a, row, column, pixels);
      column += pixels;
    }
}
