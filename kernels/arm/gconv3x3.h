/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tile that the grouped 3×3 convolutions of all widths on NEON are made of: `pixels` neighbouring output pixels of
 * one row, `vectors` vectors of four output channels of one group each (1 for width 4, 2 for 8, 4 for 16 and up).
 *
 * A vector of x holds four input channels of one pixel and is used lane by lane. In registers it serves four channels,
 * three taps and all output vectors, so that there are few loads beside the multiply-adds; how many of them fit beside
 * the sums depends on the tile.
 */
#ifndef CARDINAL_KERNELS_ARM_GCONV3X3_H
#define CARDINAL_KERNELS_ARM_GCONV3X3_H

#include "kernels/arm/neon.h"

/* Which vectors of x stay in registers while their four channels are worked on. */
typedef enum cardinal_neon_kept {
  CARDINAL_NEON_KEPT_ALL,
  CARDINAL_NEON_KEPT_EVEN, /* with stride 2, those at an even distance from the first, each of which two pixels share */
  CARDINAL_NEON_KEPT_NONE  /* each is loaded for every two vectors of weights */
} cardinal_neon_kept;

/* All constants. */
typedef struct cardinal_neon_gconv {
  size_t pixels, vectors, stride;
  cardinal_neon_kept kept;
  size_t channels; /* in a group, if the kernel knows, or 0 */
} cardinal_neon_gconv;

enum { CARDINAL_NEON_SUMS = 28, CARDINAL_NEON_COLUMNS = 29 }; /* at most, in any tile */

/* Four channels of the input row under a tile. Column 1 exists always, since the padding is 1 at most; the first and
 * the last may lie in the padding: then nothing is multiplied by them, and the distances lead to a neighbour. */
typedef struct cardinal_neon_columns {
  const float *second;
  ptrdiff_t first, last; /* floats from `second` */
  bool left, right;      /* whether the first and the last column are padding */
} cardinal_neon_columns;

CARDINAL_INLINE size_t cardinal_neon_last_column(cardinal_neon_gconv t) {
  return (t.pixels - 1) * t.stride + 2;
}

CARDINAL_INLINE float32x4_t cardinal_neon_column(cardinal_neon_gconv t, const cardinal_neon_columns *x, size_t column) {
  if (column == 0)
    return vld1q_f32(x->second + x->first);
  if (column == cardinal_neon_last_column(t))
    return vld1q_f32(x->second + x->last);
  return vld1q_f32(x->second + (column - 1) * CARDINAL_BLOCK);
}

CARDINAL_INLINE bool cardinal_neon_is_kept(cardinal_neon_gconv t, size_t column) {
  return t.kept == CARDINAL_NEON_KEPT_ALL || (t.kept == CARDINAL_NEON_KEPT_EVEN && column % 2 == 0);
}

/* Products of one tap of channel `lane` with vectors [v, v + count). */
CARDINAL_INLINE void cardinal_neon_tap(cardinal_neon_gconv t, float32x4_t *acc, const cardinal_neon_columns *x,
                                       const float32x4_t *kept, size_t lane, size_t kx, size_t v, size_t count,
                                       const float32x4_t *w) {
  CARDINAL_UNROLL
  for (size_t p = 0; p < t.pixels; ++p) {
    const size_t column = p * t.stride + kx;
    const float32x4_t value = cardinal_neon_is_kept(t, column) ? kept[column] : cardinal_neon_column(t, x, column);
    float32x4_t *sums = acc + p * t.vectors + v;
    CARDINAL_UNROLL
    for (size_t i = 0; i < count; ++i) {
      if (column == 0)
        sums[i] = cardinal_neon_fma_lane_unless(x->left, sums[i], w[i], value, lane);
      else if (column == cardinal_neon_last_column(t))
        sums[i] = cardinal_neon_fma_lane_unless(x->right, sums[i], w[i], value, lane);
      else
        sums[i] = cardinal_neon_fma_lane(sums[i], w[i], value, lane);
    }
  }
}

/* The three taps of channel `lane`, whose weights begin at w. */
CARDINAL_INLINE void cardinal_neon_channel(cardinal_neon_gconv t, float32x4_t *acc, cardinal_neon_columns *x,
                                           const float32x4_t *kept, size_t lane, const float *w) {
  if (t.kept == CARDINAL_NEON_KEPT_ALL) {
    /* Each vector of weights is loaded while the one before is at work, for CPUs that don't reorder. */
    float32x4_t now = vld1q_f32(w);
    CARDINAL_UNROLL
    for (size_t kx = 0; kx < 3; ++kx) {
      CARDINAL_UNROLL
      for (size_t v = 0; v < t.vectors; ++v) {
        const size_t next_kx = v + 1 < t.vectors ? kx : kx + 1, next_v = (v + 1) % t.vectors;
        const float32x4_t next =
            next_kx < 3 ? vld1q_f32(w + next_kx * CARDINAL_BLOCK + next_v * CARDINAL_NEON_LANES) : now;
        cardinal_neon_tap(t, acc, x, kept, lane, kx, v, 1, &now);
        now = next;
      }
    }
    return;
  }
  const size_t count = t.vectors < 2 ? 1 : 2;
  CARDINAL_UNROLL
  for (size_t kx = 0; kx < 3; ++kx) {
    CARDINAL_UNROLL
    for (size_t v = 0; v < t.vectors; v += count) {
      /* Compilers mustn't see that these loads are the same as before, or they keep the values: in memory. */
      __asm__ volatile("" : "+r"(x->second));
      const float *at = w + kx * CARDINAL_BLOCK + v * CARDINAL_NEON_LANES;
      const float32x4_t pair[2] = {vld1q_f32(at), count == 2 ? vld1q_f32(at + CARDINAL_NEON_LANES) : vdupq_n_f32(0)};
      cardinal_neon_tap(t, acc, x, kept, lane, kx, v, count, pair);
    }
  }
}

/* Products of `channels` (at most four) channels of the input row under the tile. */
CARDINAL_INLINE void cardinal_neon_quad(cardinal_neon_gconv t, float32x4_t *acc, cardinal_neon_columns *x,
                                        size_t channels, const float *w) {
  float32x4_t kept[CARDINAL_NEON_COLUMNS];
  CARDINAL_UNROLL
  for (size_t j = 0; j <= cardinal_neon_last_column(t); ++j)
    if (cardinal_neon_is_kept(t, j))
      kept[j] = cardinal_neon_column(t, x, j);
  cardinal_neon_channel(t, acc, x, kept, 0, w);
  if (__builtin_expect(channels > 1, 1)) {
    cardinal_neon_channel(t, acc, x, kept, 1, w + 3 * CARDINAL_BLOCK);
    if (__builtin_expect(channels > 2, 1)) {
      cardinal_neon_channel(t, acc, x, kept, 2, w + 6 * CARDINAL_BLOCK);
      if (__builtin_expect(channels > 3, 1))
        cardinal_neon_channel(t, acc, x, kept, 3, w + 9 * CARDINAL_BLOCK);
    }
  }
}

/* Output pixels [column, column + t.pixels) of row `row`, the group whose first lane in the block is `first_lane`. */
CARDINAL_INLINE void cardinal_neon_gconv_tile(const cardinal_conv_args *a, size_t row, size_t column, size_t first_lane,
                                              cardinal_neon_gconv t) {
  const size_t last = cardinal_neon_last_column(t);
  const size_t second = column * t.stride + 1 - a->pad_left;
  cardinal_neon_columns x;
  x.left = column * t.stride < a->pad_left;
  x.right = second + last - 1 >= a->in_width;
  x.first = x.left ? 0 : -(ptrdiff_t)CARDINAL_BLOCK;
  x.last = (ptrdiff_t)((x.right ? last - 2 : last - 1) * CARDINAL_BLOCK);

  /* The window's rows that exist. */
  const size_t top = row * t.stride;
  const size_t ky_begin = top < a->pad_top ? a->pad_top - top : 0;
  const size_t rows_below = a->in_height + a->pad_top - top;
  const size_t ky_end = rows_below < 3 ? rows_below : 3;

  float32x4_t acc[CARDINAL_NEON_SUMS];
  CARDINAL_UNROLL
  for (size_t p = 0; p < t.pixels; ++p) {
    CARDINAL_UNROLL
    for (size_t v = 0; v < t.vectors; ++v)
      acc[p * t.vectors + v] = vld1q_f32(a->bias + first_lane + v * CARDINAL_NEON_LANES);
  }

  const size_t group_channels = t.channels ? t.channels : a->channels;
  const float *x_block = a->x + first_lane + second * CARDINAL_BLOCK;
  const float *w_block = a->w + first_lane;
  for (size_t c = 0; c < group_channels; c += CARDINAL_BLOCK, x_block += a->x_block) {
    const size_t channels = group_channels - c < CARDINAL_BLOCK ? group_channels - c : CARDINAL_BLOCK;
    const size_t w_row = channels * 3 * CARDINAL_BLOCK;
    CARDINAL_ROLLED
    for (size_t ky = ky_begin; ky < ky_end; ++ky) {
      x.second = x_block + (top + ky - a->pad_top) * a->x_row;
      const float *w = w_block + ky * w_row;
      CARDINAL_ROLLED
      for (size_t done = 0; done < channels; done += CARDINAL_NEON_LANES) {
        cardinal_neon_quad(t, acc, &x, t.channels == CARDINAL_NEON_LANES ? t.channels : channels - done, w);
        x.second += CARDINAL_NEON_LANES;
        w += CARDINAL_NEON_LANES * 3 * CARDINAL_BLOCK;
      }
    }
    w_block += 3 * w_row;
  }

  const size_t at = row * a->y_row + column * CARDINAL_BLOCK + first_lane;
  cardinal_neon_finish(acc, t.pixels, t.vectors,
                       (cardinal_neon_result){.y = a->y + at,
                                              .residual = a->residual ? a->residual + at : NULL,
                                              .first = first_lane / CARDINAL_NEON_LANES,
                                              .relu = a->relu,
                                              .lane_mask = a->lane_mask});
}

#endif
