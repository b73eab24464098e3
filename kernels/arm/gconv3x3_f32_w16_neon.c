/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 convolution, groups of 16 channels and more, or one group. */
#include "kernels/arm/gconv3x3.h"

/* Tiles of 5 pixels keep x in registers; there are as many more registers as make it 7 without. */
enum {
  TILE_PIXELS = 5,
  LONG_TILE_PIXELS = 7,
  LEAST_PIXELS = 4
};

/* `count` tiles of `pixels` pixels each from column `column` on, in all rows. Pixels and stride are constants. */
CARDINAL_INLINE void tiles(const cardinal_conv_args *a, size_t column, size_t pixels, size_t count, size_t stride) {
  const cardinal_neon_kept kept = pixels > TILE_PIXELS                   ? CARDINAL_NEON_KEPT_NONE
                                  : pixels == TILE_PIXELS && stride == 2 ? CARDINAL_NEON_KEPT_EVEN
                                                                         : CARDINAL_NEON_KEPT_ALL;
  cardinal_neon_gconv_tiles(
      a, column, count, 0,
      (cardinal_neon_gconv){.pixels = pixels, .vectors = CARDINAL_NEON_VECTORS, .stride = stride, .kept = kept});
}

static void tiles_1_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 1, count, 1);
}

static void tiles_2_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 2, count, 1);
}

static void tiles_3_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 3, count, 1);
}

static void tiles_4_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 4, count, 1);
}

static void tiles_5_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 5, count, 1);
}

static void tiles_6_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 6, count, 1);
}

static void tiles_7_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 7, count, 1);
}

static void tiles_1_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 1, count, 2);
}

static void tiles_2_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 2, count, 2);
}

static void tiles_3_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 3, count, 2);
}

static void tiles_4_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 4, count, 2);
}

static void tiles_5_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 5, count, 2);
}

static void tiles_6_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 6, count, 2);
}

static void tiles_7_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {
  tiles(a, column, 7, count, 2);
}

void cardinal_gconv3x3_f32_w16_neon(const cardinal_conv_args *a) {
  static void (*const tiles_of[2][LONG_TILE_PIXELS + 1])(const cardinal_conv_args *, size_t, size_t) = {
      {NULL, tiles_1_stride_1, tiles_2_stride_1, tiles_3_stride_1, tiles_4_stride_1, tiles_5_stride_1, tiles_6_stride_1,
       tiles_7_stride_1},
      {NULL, tiles_1_stride_2, tiles_2_stride_2, tiles_3_stride_2, tiles_4_stride_2, tiles_5_stride_2, tiles_6_stride_2,
       tiles_7_stride_2}};
  cardinal_neon_tiles cut = cardinal_neon_cut(a->out_width, TILE_PIXELS);
  if (cut.shorter < LEAST_PIXELS) /* 7 pixels are better off in one tile than in two of 4 and 3 */
    cut = cardinal_neon_cut(a->out_width, LONG_TILE_PIXELS);
  if (cut.longer_count)
    tiles_of[a->stride_h - 1][cut.longer](a, 0, cut.longer_count);
  tiles_of[a->stride_h - 1][cut.shorter](a, cut.longer_count * cut.longer, cut.shorter_count);
}
