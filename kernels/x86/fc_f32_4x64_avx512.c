/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer in tiles of up to 4 images × 64 outputs; a single image takes 128 outputs at a time, to have
 * 8 independent sums. With few images the weights' way from memory is the limit, so that they are read once, in
 * order, and prefetched. */
#include "kernels/x86/avx512.h"

enum {
  TILE_IMAGES = 4,
  TILE_BLOCKS = 4,
  SINGLE_BLOCKS = 8,
  AHEAD_CHANNELS = 24
};

/* `images` images from `image` on and `blocks` blocks from `block` on: constants but for the beginnings. */
CARDINAL_INLINE void tile(const cardinal_fc_args *a, size_t image, size_t images, size_t block, size_t blocks) {
  const float *x = a->x + image * a->x_image;
  const float *w = a->w + block * a->w_panel;

  __m512 acc[TILE_IMAGES][SINGLE_BLOCKS];
  CARDINAL_UNROLL
  for (size_t i = 0; i < images; ++i) {
    CARDINAL_UNROLL
    for (size_t b = 0; b < blocks; ++b)
      acc[i][b] = _mm512_loadu_ps(a->bias + (block + b) * CARDINAL_BLOCK);
  }

  size_t w_panel = a->w_panel;
  for (size_t c = 0; c < a->channels; ++c, ++x, w += CARDINAL_BLOCK) {
    /* Seems to change each round: gcc would keep all its multiples, in more registers than there are. */
    __asm__("" : "+r"(w_panel));
    __m512 value[TILE_IMAGES];
    CARDINAL_UNROLL
    for (size_t i = 0; i < images; ++i)
      value[i] = _mm512_set1_ps(x[i * a->x_image]);
    CARDINAL_UNROLL
    for (size_t b = 0; b < blocks; ++b) {
      const float *line = w + b * w_panel;
      _mm_prefetch((const char *)(line + AHEAD_CHANNELS * CARDINAL_BLOCK), _MM_HINT_T0);
      const __m512 weights = _mm512_load_ps(line);
      CARDINAL_UNROLL
      for (size_t i = 0; i < images; ++i)
        acc[i][b] = _mm512_fmadd_ps(value[i], weights, acc[i][b]);
    }
  }

  CARDINAL_UNROLL
  for (size_t b = 0; b < blocks; ++b) {
    const cardinal_avx512_epilogue epilogue =
        cardinal_avx512_epilogue_of(a->relu, block + b + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES);
    CARDINAL_UNROLL
    for (size_t i = 0; i < images; ++i) {
      const size_t at = (image + i) * a->y_image + (block + b) * CARDINAL_BLOCK;
      cardinal_avx512_finish_pixels(a->y + at, &acc[i][b], 1, a->residual ? a->residual + at : NULL, epilogue);
    }
  }
}

/* All images of `blocks` (at most TILE_BLOCKS) blocks; tiles of images are cut evenly. */
CARDINAL_INLINE void all_images(const cardinal_fc_args *a, size_t block, size_t blocks) {
  const size_t tiles = (a->images + TILE_IMAGES - 1) / TILE_IMAGES;
  const size_t even = a->images / tiles, larger = a->images % tiles;
  for (size_t t = 0, image = 0; t < tiles; ++t) {
    const size_t images = even + (t < larger);
    switch (images) {
    case 1:
      tile(a, image, 1, block, blocks);
      break;
    case 2:
      tile(a, image, 2, block, blocks);
      break;
    case 3:
      tile(a, image, 3, block, blocks);
      break;
    default:
      tile(a, image, TILE_IMAGES, block, blocks);
    }
    image += images;
  }
}

void cardinal_fc_f32_4x64_avx512(const cardinal_fc_args *a) {
  size_t block = 0;
  if (a->images == 1)
    for (; block + SINGLE_BLOCKS <= a->blocks; block += SINGLE_BLOCKS)
      tile(a, 0, 1, block, SINGLE_BLOCKS);
  for (; block + TILE_BLOCKS <= a->blocks; block += TILE_BLOCKS)
    all_images(a, block, TILE_BLOCKS);
  for (; block < a->blocks; ++block)
    all_images(a, block, 1);
}
