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
      a, column, count,
      (cardinal_neon_gconv){.pixels = pixels, .vectors = CARDINAL_NEON_VECTORS, .stride = stride, .kept = kept});
}

CARDINAL_NEON_DEFINE_TILES(1)
CARDINAL_NEON_DEFINE_TILES(2)
CARDINAL_NEON_DEFINE_TILES(3)
CARDINAL_NEON_DEFINE_TILES(4)
CARDINAL_NEON_DEFINE_TILES(5)
CARDINAL_NEON_DEFINE_TILES(6)
CARDINAL_NEON_DEFINE_TILES(7)

void cardinal_gconv3x3_f32_w16_neon(const cardinal_conv_args *a) {
  static cardinal_neon_tiles_of *const tiles_of[2][LONG_TILE_PIXELS + 1] = {
      {NULL, tiles_1_stride_1, tiles_2_stride_1, tiles_3_stride_1, tiles_4_stride_1, tiles_5_stride_1, tiles_6_stride_1,
       tiles_7_stride_1},
      {NULL, tiles_1_stride_2, tiles_2_stride_2, tiles_3_stride_2, tiles_4_stride_2, tiles_5_stride_2, tiles_6_stride_2,
       tiles_7_stride_2}};
  cardinal_cut cut = cardinal_cut_evenly(a->out_width, TILE_PIXELS);
  if (cut.shorter < LEAST_PIXELS) /* 7 pixels are better off in one tile than in two of 4 and 3 */
    cut = cardinal_cut_evenly(a->out_width, LONG_TILE_PIXELS);
  cardinal_neon_gconv_call(a, cut, tiles_of[a->window.stride_h - 1]);
}
