/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of up to 8 channels: two vectors are one group. Tiles of 9 pixels are 18 sums; the 11 columns of x
 * with stride 1, or the 10 at even distances with stride 2, stay in registers beside them. */
#include "kernels/arm/gconv3x3.h"

enum {
  TILE_PIXELS = 9,
  VECTORS = 2
};

/* `count` tiles of `pixels` pixels each from column `column` on, in all rows. Pixels and stride are constants. */
CARDINAL_INLINE void tiles(const cardinal_conv_args *a, size_t column, size_t pixels, size_t count, size_t stride) {
  const cardinal_neon_kept kept = stride == 1 ? CARDINAL_NEON_KEPT_ALL : CARDINAL_NEON_KEPT_EVEN;
  cardinal_neon_gconv_tiles(
      a, column, count, (cardinal_neon_gconv){.pixels = pixels, .vectors = VECTORS, .stride = stride, .kept = kept});
}

CARDINAL_NEON_DEFINE_TILES(1)
CARDINAL_NEON_DEFINE_TILES(2)
CARDINAL_NEON_DEFINE_TILES(3)
CARDINAL_NEON_DEFINE_TILES(4)
CARDINAL_NEON_DEFINE_TILES(5)
CARDINAL_NEON_DEFINE_TILES(6)
CARDINAL_NEON_DEFINE_TILES(7)
CARDINAL_NEON_DEFINE_TILES(8)
CARDINAL_NEON_DEFINE_TILES(9)

void cardinal_gconv3x3_f32_w8_neon(const cardinal_conv_args *a) {
  static cardinal_neon_tiles_of *const tiles_of[2][TILE_PIXELS + 1] = {
      {NULL, tiles_1_stride_1, tiles_2_stride_1, tiles_3_stride_1, tiles_4_stride_1, tiles_5_stride_1, tiles_6_stride_1,
       tiles_7_stride_1, tiles_8_stride_1, tiles_9_stride_1},
      {NULL, tiles_1_stride_2, tiles_2_stride_2, tiles_3_stride_2, tiles_4_stride_2, tiles_5_stride_2, tiles_6_stride_2,
       tiles_7_stride_2, tiles_8_stride_2, tiles_9_stride_2}};
  cardinal_neon_gconv_call(a, cardinal_cut_evenly(a->out_width, TILE_PIXELS), tiles_of[a->window.stride_h - 1]);
}
