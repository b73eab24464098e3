/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tile that the grouped 3×3 convolutions of all widths on NEON are made of: `pixels` neighbouring output pixels of
 * one row, `vectors` vectors of four output channels of one group each (1 for width 4, 2 for 8, 4 for 16 and up). Of a
 * depthwise convolution a vector is four groups.
 *
 * A vector of x holds four input channels of one pixel and is used lane by lane. In registers it serves four channels,
 * three taps and all output vectors, so that there are few loads beside the multiply-adds; how many of them fit beside
 * the sums depends on the tile.
 */
#ifndef CARDINAL_KERNELS_ARM_GCONV3X3_H
#define CARDINAL_KERNELS_ARM_GCONV3X3_H

#include "kernels/arm/neon.h"
#include "kernels/cut.h"

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
  size_t channels; /* in a group, if it is known: 1 (depthwise) or 4; or 0 */
} cardinal_neon_gconv;

enum {
  CARDINAL_NEON_SUMS = 28,
  CARDINAL_NEON_COLUMNS = 29
}; /* at most, in any tile */

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

CARDINAL_INLINE bool cardinal_neon_is_kept(cardinal_neon_gconv t, size_t column) {
  return t.kept == CARDINAL_NEON_KEPT_ALL || (t.kept == CARDINAL_NEON_KEPT_EVEN && column % 2 == 0);
}

/* A column between the first and the last. */
CARDINAL_INLINE float32x4_t cardinal_neon_column(const cardinal_neon_columns *x, size_t column) {
  return vld1q_f32(x->second + (column - 1) * CARDINAL_BLOCK);
}

/* One or two neighbouring vectors of weights. */
typedef struct cardinal_neon_weights {
  float32x4_t first, second;
  bool two; /* a constant */
} cardinal_neon_weights;

/* The products of one pixel, a column of x that isn't the first or the last. */
CARDINAL_INLINE void cardinal_neon_pixel(cardinal_neon_gconv t, float32x4_t *acc, const cardinal_neon_columns *x,
                                         const float32x4_t *kept, size_t lane, size_t column, cardinal_neon_weights w) {
  const float32x4_t value = cardinal_neon_is_kept(t, column) ? kept[column] : cardinal_neon_column(x, column);
  acc[0] = cardinal_neon_fma_lane(acc[0], w.first, value, lane);
  if (w.two)
    acc[1] = cardinal_neon_fma_lane(acc[1], w.second, value, lane);
}

/* The same where the column is a padding if `skip`. */
CARDINAL_INLINE void cardinal_neon_edge_pixel(float32x4_t *acc, size_t skip, float32x4_t value, size_t lane,
                                              cardinal_neon_weights w) {
  acc[0] = cardinal_neon_fma_lane_unless(skip, acc[0], w.first, value, lane);
  if (w.two)
    acc[1] = cardinal_neon_fma_lane_unless(skip, acc[1], w.second, value, lane);
}

/* Products of tap `kx` of channel `lane` with vector v, or v and v + 1, which acc points to. */
CARDINAL_INLINE void cardinal_neon_tap(cardinal_neon_gconv t, float32x4_t *acc, const cardinal_neon_columns *x,
                                       const float32x4_t *kept, size_t lane, size_t kx, cardinal_neon_weights w) {
  const size_t begin = kx == 0 ? 1 : 0, end = kx == 2 ? t.pixels - 1 : t.pixels;
  if (kx == 0)
    cardinal_neon_edge_pixel(acc, x->left, cardinal_neon_is_kept(t, 0) ? kept[0] : vld1q_f32(x->second + x->first),
                             lane, w);
  if (end == begin + 1) { /* a loop of one round would keep clang 14 from holding the sums in registers */
    cardinal_neon_pixel(t, acc + begin * t.vectors, x, kept, lane, begin * t.stride + kx, w);
  } else {
    CARDINAL_UNROLL
    for (size_t p = begin; p < end; ++p)
      cardinal_neon_pixel(t, acc + p * t.vectors, x, kept, lane, p * t.stride + kx, w);
  }
  if (kx == 2) {
    const size_t last = cardinal_neon_last_column(t);
    cardinal_neon_edge_pixel(acc + end * t.vectors, x->right,
                             cardinal_neon_is_kept(t, last) ? kept[last] : vld1q_f32(x->second + x->last), lane, w);
  }
}

/* All vectors of a tap, x in registers. Each vector of weights is loaded while the one before is at work, for CPUs that
 * don't reorder: `now` is the first, that of the next tap is returned, if there is one. */
CARDINAL_INLINE float32x4_t cardinal_neon_tap_kept(cardinal_neon_gconv t, float32x4_t *acc,
                                                   const cardinal_neon_columns *x, const float32x4_t *kept, size_t lane,
                                                   size_t kx, float32x4_t now, const float *w) {
  CARDINAL_UNROLL
  for (size_t v = 0; v + 1 < t.vectors; ++v) {
    const float32x4_t next = vld1q_f32(w + (v + 1) * CARDINAL_NEON_LANES);
    cardinal_neon_tap(t, acc + v, x, kept, lane, kx, (cardinal_neon_weights){now, now, false});
    now = next;
  }
  const float32x4_t next = kx < 2 ? vld1q_f32(w + CARDINAL_BLOCK) : now;
  cardinal_neon_tap(t, acc + t.vectors - 1, x, kept, lane, kx, (cardinal_neon_weights){now, now, false});
  return next;
}

/* All vectors of a tap, x not or not all in registers. */
CARDINAL_INLINE void cardinal_neon_tap_loaded(cardinal_neon_gconv t, float32x4_t *acc, cardinal_neon_columns *x,
                                              const float32x4_t *kept, size_t lane, size_t kx, const float *w) {
  /* Compilers mustn't see that the loads are the same each time, or they keep the values, in memory. */
  if (t.vectors == 1) {
    __asm__ volatile("" : "+r"(x->second));
    const float32x4_t only = vld1q_f32(w);
    cardinal_neon_tap(t, acc, x, kept, lane, kx, (cardinal_neon_weights){only, only, false});
    return;
  }
  CARDINAL_UNROLL
  for (size_t v = 0; v < t.vectors; v += 2, w += 2 * CARDINAL_NEON_LANES) {
    __asm__ volatile("" : "+r"(x->second));
    cardinal_neon_tap(t, acc + v, x, kept, lane, kx,
                      (cardinal_neon_weights){vld1q_f32(w), vld1q_f32(w + CARDINAL_NEON_LANES), true});
  }
}

/* The three taps of channel `lane`, whose weights begin at w. */
CARDINAL_INLINE void cardinal_neon_channel(cardinal_neon_gconv t, float32x4_t *acc, cardinal_neon_columns *x,
                                           const float32x4_t *kept, size_t lane, const float *w) {
  if (t.kept == CARDINAL_NEON_KEPT_ALL) {
    float32x4_t now = vld1q_f32(w);
    now = cardinal_neon_tap_kept(t, acc, x, kept, lane, 0, now, w);
    now = cardinal_neon_tap_kept(t, acc, x, kept, lane, 1, now, w + CARDINAL_BLOCK);
    cardinal_neon_tap_kept(t, acc, x, kept, lane, 2, now, w + 2 * CARDINAL_BLOCK);
  } else {
    cardinal_neon_tap_loaded(t, acc, x, kept, lane, 0, w);
    cardinal_neon_tap_loaded(t, acc, x, kept, lane, 1, w + CARDINAL_BLOCK);
    cardinal_neon_tap_loaded(t, acc, x, kept, lane, 2, w + 2 * CARDINAL_BLOCK);
  }
}

/* Products of `channels` channels, of which the first four are taken, of the input row under the tile. */
CARDINAL_INLINE void cardinal_neon_quad(cardinal_neon_gconv t, float32x4_t *acc, cardinal_neon_columns *x,
                                        size_t channels, const float *w) {
  const size_t last = cardinal_neon_last_column(t);
  float32x4_t kept[CARDINAL_NEON_COLUMNS];
  if (t.kept != CARDINAL_NEON_KEPT_NONE) {
    const size_t step = t.kept == CARDINAL_NEON_KEPT_ALL ? 1 : 2;
    kept[0] = vld1q_f32(x->second + x->first);
    if (last == 2 * step) {
      kept[step] = cardinal_neon_column(x, step);
    } else {
      CARDINAL_UNROLL
      for (size_t j = step; j < last; j += step)
        kept[j] = cardinal_neon_column(x, j);
    }
    kept[last] = vld1q_f32(x->second + x->last);
  }
  if (t.channels == 1) {
    cardinal_neon_channel(t, acc, x, kept, CARDINAL_NEON_EACH_LANE, w);
    return;
  }
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

/* One tile: output pixels [column, column + t.pixels) of row `row`, the vectors from lane `lane` of the block on. */
CARDINAL_INLINE void cardinal_neon_gconv_tile(const cardinal_conv_args *a, size_t row, size_t column, size_t lane,
                                              cardinal_neon_gconv t) {
  const size_t last = cardinal_neon_last_column(t);
  const size_t second = column * t.stride + 1 - a->window.pad_left;
  cardinal_neon_columns x;
  x.left = column * t.stride < a->window.pad_left;
  x.right = second + last - 1 >= a->in_width;
  x.first = x.left ? 0 : -(ptrdiff_t)CARDINAL_BLOCK;
  x.last = (ptrdiff_t)((x.right ? last - 2 : last - 1) * CARDINAL_BLOCK);

  /* The window's rows that exist. */
  const size_t top = row * t.stride;
  const size_t ky_begin = top < a->window.pad_top ? a->window.pad_top - top : 0;
  const size_t rows_below = a->in_height + a->window.pad_top - top;
  const size_t ky_end = rows_below < 3 ? rows_below : 3;

  float32x4_t acc[CARDINAL_NEON_SUMS];
  cardinal_neon_start(acc, t.pixels, t.vectors, a->bias + lane);

  const float *x_block = (const float *)a->x + lane + second * CARDINAL_BLOCK;
  const float *w_block = (const float *)a->w + lane;
  if (t.channels) {
    const size_t w_row = t.channels * 3 * CARDINAL_BLOCK;
    CARDINAL_ROLLED
    for (size_t ky = ky_begin; ky < ky_end; ++ky) {
      x.second = x_block + (top + ky - a->window.pad_top) * a->x_row;
      cardinal_neon_quad(t, acc, &x, t.channels, w_block + ky * w_row);
    }
  } else {
    for (size_t left = a->channels; left; x_block += a->x_block) {
      const size_t channels = left < CARDINAL_BLOCK ? left : CARDINAL_BLOCK;
      const size_t w_row = channels * 3 * CARDINAL_BLOCK;
      left -= channels;
      CARDINAL_ROLLED
      for (size_t ky = ky_begin; ky < ky_end; ++ky) {
        x.second = x_block + (top + ky - a->window.pad_top) * a->x_row;
        const float *w = w_block + ky * w_row;
        CARDINAL_ROLLED
        for (size_t done = 0; done < channels; done += CARDINAL_NEON_LANES) {
          cardinal_neon_quad(t, acc, &x, channels - done, w);
          x.second += CARDINAL_NEON_LANES;
          w += CARDINAL_NEON_LANES * 3 * CARDINAL_BLOCK;
        }
      }
      w_block += 3 * w_row;
    }
  }

  const size_t at = row * a->y_row + column * CARDINAL_BLOCK + lane;
  cardinal_neon_finish(acc, t.pixels, t.vectors,
                       (cardinal_neon_result){.y = (float *)a->y + at,
                                              .residual = a->residual ? (const float *)a->residual + at : NULL,
                                              .first = lane / CARDINAL_NEON_LANES,
                                              .relu = a->relu,
                                              .lane_mask = a->lane_mask});
}

/* `count` tiles side by side from column `column` on, in all rows and all lanes. */
CARDINAL_INLINE void cardinal_neon_gconv_tiles(const cardinal_conv_args *a, size_t column, size_t count,
                                               cardinal_neon_gconv t) {
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += t.vectors * CARDINAL_NEON_LANES)
      for (size_t i = 0; i < count; ++i)
        cardinal_neon_gconv_tile(a, row, column + i * t.pixels, lane, t);
}

/* What a kernel's tables hold for its function `tiles(a, column, pixels, count, stride)`, in which pixels and stride
 * are constants: the functions tiles_<pixels>_stride_<stride>(a, column, count). */
typedef void cardinal_neon_tiles_of(const cardinal_conv_args *a, size_t column, size_t count);

#define CARDINAL_NEON_DEFINE_TILES(pixels)                                                                             \
  static void tiles_##pixels##_stride_1(const cardinal_conv_args *a, size_t column, size_t count) {                    \
    tiles(a, column, pixels, count, 1);                                                                                \
  }                                                                                                                    \
  static void tiles_##pixels##_stride_2(const cardinal_conv_args *a, size_t column, size_t count) {                    \
    tiles(a, column, pixels, count, 2);                                                                                \
  }

/* A whole call; of_pixels[n] serves tiles of n pixels. */
CARDINAL_INLINE void cardinal_neon_gconv_call(const cardinal_conv_args *a, cardinal_cut cut,
                                              cardinal_neon_tiles_of *const *of_pixels) {
  if (cut.longer_count)
    of_pixels[cut.longer](a, 0, cut.longer_count);
  of_pixels[cut.shorter](a, cut.longer_count * cut.longer, cut.shorter_count);
}

#endif
