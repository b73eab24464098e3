/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer in tiles of up to 3 images × 32 outputs; a single image takes 64 outputs at a time, to have
 * 8 independent sums as well. With few images the weights' way from memory is the limit, so that they are read once,
 * in order, and prefetched. */
#include "kernels/cut.h"
#include "kernels/x86/avx2.h"

enum {
  TILE_IMAGES = 3,
  TILE_BLOCKS = 2,
  SINGLE_BLOCKS = 4,
  AHEAD_CHANNELS = 16
};

/* Products of one input value with two vectors of weights. Assembly so that the value is loaded where it is used: as
 * intrinsics, compilers keep all images' values in registers for the next block, and spill sums (clang 14). */
CARDINAL_INLINE void multiply(__m256 *low, __m256 *high, const float *x, __m256 w_low, __m256 w_high) {
  __m256 value;
  __asm__("vbroadcastss %[x], %[value]\n\t"
          "vfmadd231ps %[w_low], %[value], %[low]\n\t"
          "vfmadd231ps %[w_high], %[value], %[high]"
          : [low] "+x"(*low), [high] "+x"(*high), [value] "=&x"(value)
          : [x] "m"(*x), [w_low] "x"(w_low), [w_high] "x"(w_high));
}

/* `images` images from `image` on and `blocks` blocks from `block` on: constants but for the beginnings. */
CARDINAL_INLINE void tile(const cardinal_fc_args *a, size_t image, size_t images, size_t block, size_t blocks) {
  const float *x = a->x + image * a->x_image;
  const float *w = a->w + block * a->w_panel;

  __m256 acc[TILE_IMAGES][2 * SINGLE_BLOCKS];
  CARDINAL_UNROLL
  for (size_t i = 0; i < images; ++i)
    CARDINAL_UNROLL
  for (size_t v = 0; v < 2 * blocks; ++v)
    acc[i][v] = _mm256_loadu_ps(a->bias + block * CARDINAL_BLOCK + v * 8);

  for (size_t c = 0; c < a->channels; ++c) {
    CARDINAL_UNROLL
    for (size_t b = 0; b < blocks; ++b) {
      const float *line = w + b * a->w_panel + c * CARDINAL_BLOCK;
      _mm_prefetch((const char *)(line + AHEAD_CHANNELS * CARDINAL_BLOCK), _MM_HINT_T0);
      const __m256 low = _mm256_load_ps(line), high = _mm256_load_ps(line + 8);
      if (images == 1) {
        const __m256 value = _mm256_broadcast_ss(x + c);
        acc[0][2 * b] = _mm256_fmadd_ps(value, low, acc[0][2 * b]);
        acc[0][2 * b + 1] = _mm256_fmadd_ps(value, high, acc[0][2 * b + 1]);
      } else {
        CARDINAL_UNROLL
        for (size_t i = 0; i < images; ++i)
          multiply(&acc[i][2 * b], &acc[i][2 * b + 1], x + i * a->x_image + c, low, high);
      }
    }
  }

  CARDINAL_UNROLL
  for (size_t b = 0; b < blocks; ++b) {
    const cardinal_lanes16 mask = cardinal_avx2_mask(block + b + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES);
    CARDINAL_UNROLL
    for (size_t i = 0; i < images; ++i) {
      const size_t at = (image + i) * a->y_image + (block + b) * CARDINAL_BLOCK;
      cardinal_avx2_finish(a->y + at, acc[i][2 * b], acc[i][2 * b + 1], a->residual ? a->residual + at : NULL, a->relu,
                           &mask);
    }
  }
}

/* All images of `blocks` (at most TILE_BLOCKS) blocks; tiles of images are cut evenly. */
CARDINAL_INLINE void all_images(const cardinal_fc_args *a, size_t block, size_t blocks) {
  const cardinal_cut cut = cardinal_cut_evenly(a->images, TILE_IMAGES);
  const size_t tiles = cardinal_cut_tiles(cut);
  size_t image = 0;
  for (size_t t = 0; t < tiles; ++t) {
    const size_t images = cardinal_cut_length(cut, t);
    if (images == 3)
      tile(a, image, 3, block, blocks);
    else if (images == 2)
      tile(a, image, 2, block, blocks);
    else
      tile(a, image, 1, block, blocks);
    image += images;
  }
}

void cardinal_fc_f32_3x32_avx2(const cardinal_fc_args *a) {
  size_t block = 0;
  if (a->images == 1) {
    for (; block + SINGLE_BLOCKS <= a->blocks; block += SINGLE_BLOCKS)
      tile(a, 0, 1, block, SINGLE_BLOCKS);
    if (block + 3 == a->blocks) {
      tile(a, 0, 1, block, 3);
      return;
    }
  }
  for (; block + TILE_BLOCKS <= a->blocks; block += TILE_BLOCKS)
    all_images(a, block, TILE_BLOCKS);
  if (block < a->blocks)
    all_images(a, block, 1);
}
