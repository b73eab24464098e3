/* SPDX-License-Identifier: BSD-3-Clause */
/* Fully connected layer in tiles of up to 6 images × 16 outputs; a single image takes 64 outputs at a time, to have 16
 * independent sums. With few images the weights' way from memory is the limit, so that they are read once, in order,
 * and prefetched. */
#include "kernels/arm/neon.h"
#include "kernels/cut.h"

enum {
  TILE_IMAGES = 6,
  SINGLE_BLOCKS = 4,
  AHEAD_CHANNELS = 16,
  LANES = CARDINAL_NEON_LANES,
  VECTORS = CARDINAL_NEON_VECTORS
};

/* Adds the products of the channel in lane `lane` of x with one panel, where its weights begin at w. Sums of an image
 * are `stride` apart. */
CARDINAL_INLINE void add_panel(float32x4_t *acc, size_t stride, const float32x4_t *x, size_t images, size_t lane,
                               const float *w) {
  __builtin_prefetch(w + AHEAD_CHANNELS * CARDINAL_BLOCK);
  CARDINAL_UNROLL
  for (size_t v = 0; v < VECTORS; ++v) {
    const float32x4_t weights = vld1q_f32(w + v * LANES);
    if (images == 1) { /* a loop of one round would keep clang 14 from holding the sums in registers */
      acc[v] = cardinal_neon_fma_lane(acc[v], weights, x[0], lane);
    } else {
      CARDINAL_UNROLL
      for (size_t i = 0; i < images; ++i)
        acc[i * stride + v] = cardinal_neon_fma_lane(acc[i * stride + v], weights, x[i], lane);
    }
  }
}

/* The same for all panels. */
CARDINAL_INLINE void add_channel(float32x4_t *acc, const float32x4_t *x, size_t images, size_t blocks, size_t lane,
                                 const float *w, size_t w_panel) {
  if (blocks == 1) {
    add_panel(acc, VECTORS, x, images, lane, w);
    return;
  }
  CARDINAL_UNROLL
  for (size_t b = 0; b < blocks; ++b)
    add_panel(acc + b * VECTORS, blocks * VECTORS, x, images, lane, w + b * w_panel);
}

CARDINAL_INLINE void load_values(float32x4_t *to, const cardinal_fc_args *a, const float *x, size_t images) {
  if (images == 1) {
    to[0] = vld1q_f32(x);
    return;
  }
  CARDINAL_UNROLL
  for (size_t i = 0; i < images; ++i)
    to[i] = vld1q_f32(x + i * a->x_image);
}

/* `images` images from `image` on and `blocks` blocks from `block` on: constants but for the beginnings. */
CARDINAL_INLINE void tile(const cardinal_fc_args *a, size_t image, size_t images, size_t block, size_t blocks) {
  const float *x = (const float *)a->x + image * a->x_image;
  const float *w = (const float *)a->w + block * a->w_panel;

  float32x4_t acc[TILE_IMAGES * VECTORS];
  CARDINAL_UNROLL
  for (size_t i = 0; i < images; ++i)
    cardinal_neon_start(acc + i * blocks * VECTORS, 1, blocks * VECTORS, a->bias + block * CARDINAL_BLOCK);

  float32x4_t value[TILE_IMAGES];
  CARDINAL_ROLLED
  for (size_t quads = a->channels / LANES; quads; --quads) {
    load_values(value, a, x, images);
    add_channel(acc, value, images, blocks, 0, w, a->w_panel);
    add_channel(acc, value, images, blocks, 1, w + CARDINAL_BLOCK, a->w_panel);
    add_channel(acc, value, images, blocks, 2, w + 2 * CARDINAL_BLOCK, a->w_panel);
    add_channel(acc, value, images, blocks, 3, w + 3 * CARDINAL_BLOCK, a->w_panel);
    x += LANES;
    w += LANES * CARDINAL_BLOCK;
  }
  for (size_t rest = a->channels % LANES; rest; --rest, ++x, w += CARDINAL_BLOCK) {
    CARDINAL_UNROLL
    for (size_t i = 0; i < images; ++i)
      value[i] = vdupq_n_f32(x[i * a->x_image]);
    add_channel(acc, value, images, blocks, 0, w, a->w_panel);
  }

  CARDINAL_UNROLL
  for (size_t i = 0; i < images; ++i) {
    CARDINAL_UNROLL
    for (size_t b = 0; b < blocks; ++b) {
      const size_t at = (image + i) * a->y_image + (block + b) * CARDINAL_BLOCK;
      cardinal_neon_finish(
          acc + (i * blocks + b) * VECTORS, 1, VECTORS,
          (cardinal_neon_result){.y = (float *)a->y + at,
                                 .residual = a->residual ? (const float *)a->residual + at : NULL,
                                 .relu = a->relu,
                                 .lane_mask = block + b + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES});
    }
  }
}

static void single_image_4(const cardinal_fc_args *a, size_t block) {
  tile(a, 0, 1, block, SINGLE_BLOCKS);
}

static void images_1(const cardinal_fc_args *a, size_t image, size_t block) {
  tile(a, image, 1, block, 1);
}

static void images_2(const cardinal_fc_args *a, size_t image, size_t block) {
  tile(a, image, 2, block, 1);
}

static void images_3(const cardinal_fc_args *a, size_t image, size_t block) {
  tile(a, image, 3, block, 1);
}

static void images_4(const cardinal_fc_args *a, size_t image, size_t block) {
  tile(a, image, 4, block, 1);
}

static void images_5(const cardinal_fc_args *a, size_t image, size_t block) {
  tile(a, image, 5, block, 1);
}

static void images_6(const cardinal_fc_args *a, size_t image, size_t block) {
  tile(a, image, TILE_IMAGES, block, 1);
}

void cardinal_fc_f32_6x16_neon(const cardinal_fc_args *a) {
  static void (*const of_images[])(const cardinal_fc_args *, size_t, size_t) = {NULL,     images_1, images_2, images_3,
                                                                                images_4, images_5, images_6};
  size_t block = 0;
  if (a->images == 1)
    for (; block + SINGLE_BLOCKS <= a->blocks; block += SINGLE_BLOCKS)
      single_image_4(a, block);
  const cardinal_cut cut = cardinal_cut_evenly(a->images, TILE_IMAGES);
  for (; block < a->blocks; ++block) {
    size_t image = 0;
    for (size_t t = 0; t < cut.longer_count; ++t, image += cut.longer)
      of_images[cut.longer](a, image, block);
    for (size_t t = 0; t < cut.shorter_count; ++t, image += cut.shorter)
      of_images[cut.shorter](a, image, block);
  }
}
