/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution, 6 pixels × 16 output channels: 24 accumulators, 6 vectors of four input channels of a pixel each,
 * which are used lane by lane, and 2 vectors of weights are just the 32 registers. */
#include "kernels/arm/neon.h"
#include "kernels/cut.h"

enum {
  TILE_PIXELS = 6,
  LANES = CARDINAL_NEON_LANES,
  VECTORS = CARDINAL_NEON_VECTORS
};

/* What is read after a tile: the next tile's input (x_after: the next call's), and weights after this call, over which
 * the steps of all tiles (a step is a block of input channels) are spread. */
typedef struct ahead {
  const float *x, *x_after, *w;
  size_t w_step;
} ahead;

/* No more than two lines at a step, which would get in the way of the tile's own loads. */
enum {
  MOST_W_STEP = 2 * CARDINAL_BLOCK
};

static inline void prefetch_weights(ahead *next) {
  __builtin_prefetch(next->w);
  __builtin_prefetch(next->w + next->w_step / 2);
  next->w += next->w_step;
}

CARDINAL_INLINE void prefetch_pixels(const float *at, size_t pixels) {
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    __builtin_prefetch(at + p * CARDINAL_BLOCK);
}

/* Here and below: a loop of one round would keep clang 14 from holding the array in registers. */
CARDINAL_INLINE void load_quad(float32x4_t *to, const float *x, size_t pixels) {
  if (pixels == 1) {
    to[0] = vld1q_f32(x);
    return;
  }
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
    const float32x4_t w_next = !last || v + 1 < VECTORS ? vld1q_f32(w + (v + 1) * LANES) : w_now;
    if (pixels == 1) {
      acc[v] = cardinal_neon_fma_lane(acc[v], w_now, x[0], lane);
    } else {
      CARDINAL_UNROLL
      for (size_t p = 0; p < pixels; ++p)
        acc[p * VECTORS + v] = cardinal_neon_fma_lane(acc[p * VECTORS + v], w_now, x[p], lane);
    }
    w_now = w_next;
  }
  return w_now;
}

/* `pixels` is a constant. */
CARDINAL_INLINE void tile(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t pixels, ahead *next) {
  const float *next_x = next->x;
  const float *x_block = (const float *)a->x + first * CARDINAL_BLOCK;
  const float *w = (const float *)a->w + block * a->w_panel;
  float *y = (float *)a->y + block * a->y_block + first * CARDINAL_BLOCK;
  const float *residual = a->residual ? (const float *)a->residual + (y - a->y) : NULL;
  /* Pointers of their own, or gcc 12 holds the sum of each with each pixel's offset in a register. */
  __asm__("" : "+r"(y), "+r"(residual));
  if (residual)
    prefetch_pixels(residual, pixels);

  float32x4_t acc[TILE_PIXELS * VECTORS];
  cardinal_neon_start(acc, pixels, VECTORS, a->bias + block * CARDINAL_BLOCK);

  float32x4_t quad[TILE_PIXELS];
  for (size_t quads = a->channels / LANES; quads;) {
    /* In each block the next tile is too short a stretch for the hardware to see a pattern. */
    prefetch_pixels(next_x, pixels);
    next_x += a->x_block;
    prefetch_weights(next);

    size_t of_block = quads < CARDINAL_BLOCK / LANES ? quads : CARDINAL_BLOCK / LANES;
    quads -= of_block;
    const float *x = x_block;
    x_block += a->x_block;
    CARDINAL_ROLLED
    for (; of_block; --of_block) {
      load_quad(quad, x, pixels);
      float32x4_t w_now = vld1q_f32(w);
      w_now = add_channel(acc, quad, pixels, 0, w_now, w, false);
      w_now = add_channel(acc, quad, pixels, 1, w_now, w + CARDINAL_BLOCK, false);
      w_now = add_channel(acc, quad, pixels, 2, w_now, w + 2 * CARDINAL_BLOCK, false);
      add_channel(acc, quad, pixels, 3, w_now, w + 3 * CARDINAL_BLOCK, true);
      x += LANES;
      w += LANES * CARDINAL_BLOCK;
    }
  }
  const size_t rest = a->channels % LANES;
  if (rest) {
    const float *x = (const float *)a->x + a->channels / CARDINAL_BLOCK * a->x_block + first * CARDINAL_BLOCK +
                     a->channels % CARDINAL_BLOCK - rest;
    load_quad(quad, x, pixels);
    add_channel(acc, quad, pixels, 0, vld1q_f32(w), w, true);
    if (rest > 1)
      add_channel(acc, quad, pixels, 1, vld1q_f32(w + CARDINAL_BLOCK), w + CARDINAL_BLOCK, true);
    if (rest > 2)
      add_channel(acc, quad, pixels, 2, vld1q_f32(w + 2 * CARDINAL_BLOCK), w + 2 * CARDINAL_BLOCK, true);
  }

  cardinal_neon_finish(acc, pixels, VECTORS,
                       (cardinal_neon_result){.y = y,
                                              .residual = residual,
                                              .relu = a->relu,
                                              .lane_mask = block + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES});
}

/* `count` tiles of `pixels` pixels each from pixel `first` on. */
CARDINAL_INLINE void tiles(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t pixels, size_t count,
                           ahead *next) {
  for (; count; --count, first += pixels) {
    next->x = first + pixels < a->pixels ? (const float *)a->x + (first + pixels) * CARDINAL_BLOCK : next->x_after;
    tile(a, block, first, pixels, next);
  }
}

static void tiles_1(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t count, ahead *next) {
  tiles(a, block, first, 1, count, next);
}

static void tiles_2(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t count, ahead *next) {
  tiles(a, block, first, 2, count, next);
}

static void tiles_3(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t count, ahead *next) {
  tiles(a, block, first, 3, count, next);
}

static void tiles_4(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t count, ahead *next) {
  tiles(a, block, first, 4, count, next);
}

static void tiles_5(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t count, ahead *next) {
  tiles(a, block, first, 5, count, next);
}

static void tiles_6(const cardinal_conv1x1_args *a, size_t block, size_t first, size_t count, ahead *next) {
  tiles(a, block, first, 6, count, next);
}

void cardinal_conv1x1_f32_6x16_neon(const cardinal_conv1x1_args *a) {
  static void (*const tiles_of[])(const cardinal_conv1x1_args *, size_t, size_t, size_t,
                                  ahead *) = {NULL, tiles_1, tiles_2, tiles_3, tiles_4, tiles_5, tiles_6};
  const cardinal_cut cut = cardinal_cut_evenly(a->pixels, TILE_PIXELS);
  const size_t blocks = (a->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  const size_t w_step = a->next_w_bytes / sizeof(float) / (a->blocks * (cardinal_cut_tiles(cut)) * blocks);
  ahead next = {.x_after = a->next_x ? a->next_x : a->x,
                .w = a->next_w ? a->next_w : a->w,
                .w_step = w_step < MOST_W_STEP ? w_step : MOST_W_STEP};

  for (size_t block = 0; block < a->blocks; ++block) {
    if (cut.longer_count)
      tiles_of[cut.longer](a, block, 0, cut.longer_count, &next);
    tiles_of[cut.shorter](a, block, cut.longer_count * cut.longer, cut.shorter_count, &next);
  }
}
