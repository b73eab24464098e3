/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grouped 3×3 convolutions on NEON whose vectors are a group of 4 channels, or four groups of one.
 *
 * Who includes this defines CHANNELS, those of a group: 1 or 4. Tiles of 14 pixels: with stride 1 their 16 columns of x
 * and a vector or two of weights fill the registers; with stride 2 the 15 columns at even distances do, which two
 * pixels share.
 */
#ifndef CARDINAL_KERNELS_ARM_GCONV3X3_ONE_VECTOR_H
#define CARDINAL_KERNELS_ARM_GCONV3X3_ONE_VECTOR_H

#include "kernels/arm/gconv3x3.h"

enum {
  TILE_PIXELS = 14,
  VECTORS = 1
};

/* `count` tiles of `pixels` pixels each from column `column` on, in all rows. Pixels and stride are constants. */
CARDINAL_INLINE void tiles(const cardinal_conv_args *a, size_t column, size_t pixels, size_t count, size_t stride) {
  const cardinal_neon_kept kept = stride == 1 ? CARDINAL_NEON_KEPT_ALL : CARDINAL_NEON_KEPT_EVEN;
  cardinal_neon_gconv_tiles(
      a, column, count,
      (cardinal_neon_gconv){
          .pixels = pixels, .vectors = VECTORS, .stride = stride, .kept = kept, .channels = CHANNELS});
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
CARDINAL_NEON_DEFINE_TILES(10)
CARDINAL_NEON_DEFINE_TILES(11)
CARDINAL_NEON_DEFINE_TILES(12)
CARDINAL_NEON_DEFINE_TILES(13)
CARDINAL_NEON_DEFINE_TILES(14)

/* The whole kernel. */
CARDINAL_INLINE void cardinal_neon_gconv_one_vector(const cardinal_conv_args *a) {
  static cardinal_neon_tiles_of *const tiles_of[2][TILE_PIXELS + 1] = {
      {NULL, tiles_1_stride_1, tiles_2_stride_1, tiles_3_stride_1, tiles_4_stride_1, tiles_5_stride_1, tiles_6_stride_1,
       tiles_7_stride_1, tiles_8_stride_1, tiles_9_stride_1, tiles_10_stride_1, tiles_11_stride_1, tiles_12_stride_1,
       tiles_13_stride_1, tiles_14_stride_1},
      {NULL, tiles_1_stride_2, tiles_2_stride_2, tiles_3_stride_2, tiles_4_stride_2, tiles_5_stride_2, tiles_6_stride_2,
       tiles_7_stride_2, tiles_8_stride_2, tiles_9_stride_2, tiles_10_stride_2, tiles_11_stride_2, tiles_12_stride_2,
       tiles_13_stride_2, tiles_14_stride_2}};
  cardinal_neon_gconv_call(a, cardinal_cut_evenly(a->out_width, TILE_PIXELS), tiles_of[a->window.stride_h - 1]);
}

#endif
