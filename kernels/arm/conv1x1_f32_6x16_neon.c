/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution, 6 pixels × 16 output channels: 24 accumulators, 6 vectors of four input channels of a pixel each,
 * which are used lane by lane, and 2 vectors of weights are just the 32 registers. */
#include "kernels/arm/neon.h"

enum { TILE_PIXELS = 6, LANES = CARDINAL_NEON_LANES, VECTORS = CARDINAL_NEON_VECTORS };

/* Lines that the caller will read next, of which a few are prefetched with each block of input channels. */
typedef struct next_lines {
  const float *at;
  size_t left, at_once;
} next_lines;

static inline void prefetch(next_lines *next) {
  for (size_t i = 0; i < next->at_once && next->left; ++i, --next->left, next->at += CARDINAL_BLOCK)
    __builtin_prefetch(next->at);
}

CARDINAL_INLINE void load_quad(float32x4_t *to, const float *x, size_t pixels) {
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    to[p] = vld1q_f32(x + p * CARDINAL_BLOCK);
}

/* Adds the products of the input channel in lane `lane` of x. Each vector of weights is loaded while the one before is
 * at work, for CPUs that don't reorder: `w_now` is the channel's first one, the first of the next channel is returned,
 * unless this is the last channel of those that may be read. */
CARDINAL_INLINE float32x4_t add_channel(float32x4_t *acc, const float32x4_t *x, size_t pixels, size_t lane,
                                        float32x4_t w_now, const float *w, bool last) {
  CARDINAL_UNROLL
  for (size_t v = 0; v < VECTORS; ++v) {
    const bool ahead = !last || v + 1 < VECTORS;
    const float32x4_t w_next = ahead ? vld1q_f32(w + (v + 1) * LANES) : w_now;
    CARDINAL_UNROLL
    for (size_t p = 0; p < pixels; ++p)
      acc[p * VECTORS + v] = cardinal_neon_fma_lane(acc[p * VECTORS + v], w_now, x[p], lane);
    w_now = w_next;
  }
  return w_now;
}

/* `pixels` is a constant. */
CARDINAL_INLINE void tile(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t pixels, next_lines *next) {
  const float *x_block = a->x + first * CARDINAL_BLOCK;
  const float *w = a->w + block * a->w_panel;
  const size_t at = block * a->y_block + first * CARDINAL_BLOCK;

  float32x4_t acc[TILE_PIXELS * VECTORS];
  const float *start = a->bias ? a->bias + block * CARDINAL_BLOCK : a->y + at;
  const size_t start_pixel = a->bias ? 0 : CARDINAL_BLOCK;
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    CARDINAL_UNROLL
    for (size_t v = 0; v < VECTORS; ++v)
      acc[p * VECTORS + v] = vld1q_f32(start + p * start_pixel + v * LANES);
  }

  const float *x = NULL;
  float32x4_t quad[TILE_PIXELS];
  for (size_t c = 0; c < a->channels; c += CARDINAL_BLOCK, x_block += a->x_block) {
    const size_t left = a->channels - c;
    /* The next tile lies behind this one in each block: too short a stretch for the hardware to see a pattern. */
    CARDINAL_UNROLL
    for (size_t p = 0; p < pixels; ++p)
      __builtin_prefetch(x_block + (pixels + p) * CARDINAL_BLOCK);
    prefetch(next);

    x = x_block;
    size_t quads = (left < CARDINAL_BLOCK ? left : CARDINAL_BLOCK) / LANES;
    CARDINAL_ROLLED
    for (; quads; --quads, x += LANES, w += LANES * CARDINAL_BLOCK) {
      load_quad(quad, x, pixels);
      float32x4_t w_now = vld1q_f32(w);
      w_now = add_channel(acc, quad, pixels, 0, w_now, w, false);
      w_now = add_channel(acc, quad, pixels, 1, w_now, w + CARDINAL_BLOCK, false);
      w_now = add_channel(acc, quad, pixels, 2, w_now, w + 2 * CARDINAL_BLOCK, false);
      add_channel(acc, quad, pixels, 3, w_now, w + 3 * CARDINAL_BLOCK, true);
    }
  }
  const size_t rest = a->channels % LANES;
  if (rest) {
    load_quad(quad, x, pixels);
    add_channel(acc, quad, pixels, 0, vld1q_f32(w), w, true);
    if (rest > 1)
      add_channel(acc, quad, pixels, 1, vld1q_f32(w + CARDINAL_BLOCK), w + CARDINAL_BLOCK, true);
    if (rest > 2)
      add_channel(acc, quad, pixels, 2, vld1q_f32(w + 2 * CARDINAL_BLOCK), w + 2 * CARDINAL_BLOCK, true);
  }

  cardinal_neon_finish(acc, pixels, VECTORS,
                       (cardinal_neon_result){.y = a->y + at,
                                              .residual = a->residual ? a->residual + at : NULL,
                                              .relu = a->relu,
                                              .lane_mask = block + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES});
}

static void tile_1(const cardinal_conv1x1_args *a, size_t block, size_t first, next_lines *next) {
  tile(a, block, first, 1, next);
}

static void tile_2(const cardinal_conv1x1_args *a, size_t block, size_t first, next_lines *next) {
  tile(a, block, first, 2, next);
}

static void tile_3(const cardinal_conv1x1_args *a, size_t block, size_t first, next_lines *next) {
  tile(a, block, first, 3, next);
}

static void tile_4(const cardinal_conv1x1_args *a, size_t block, size_t first, next_lines *next) {
  tile(a, block, first, 4, next);
}

static void tile_5(const cardinal_conv1x1_args *a, size_t block, size_t first, next_lines *next) {
  tile(a, block, first, 5, next);
}

static void tile_6(const cardinal_conv1x1_args *a, size_t block, size_t first, next_lines *next) {
  tile(a, block, first, 6, next);
}

void cardinal_conv1x1_f32_6x16_neon(const cardinal_conv1x1_args *a) {
  static void (*const tile_of[])(const cardinal_conv1x1_args *, size_t, size_t, next_lines *) = {
      NULL, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
  const cardinal_neon_tiles tiles = cardinal_neon_cut(a->pixels, TILE_PIXELS);
  const size_t steps = a->blocks * tiles.count * ((a->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK);
  const size_t lines = a->next_w ? a->next_w_floats / CARDINAL_BLOCK : 0;
  next_lines next = {a->next_w, lines, (lines + steps - 1) / steps};

  for (size_t block = 0; block < a->blocks; ++block)
    for (size_t t = 0, first = 0; t < tiles.count; first += cardinal_neon_tile_pixels(tiles, t), ++t)
      tile_of[cardinal_neon_tile_pixels(tiles, t)](a, block, first, &next);
}
