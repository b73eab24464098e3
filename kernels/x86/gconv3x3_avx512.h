/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 3×3 convolution of one block of 16 lanes, the body of all gconv3x3 kernels for AVX-512.
 *
 * A tile is up to 14 pixels of one output row (or of two, where rows are short), each an accumulator of 16 lanes. For
 * each input channel a tile sweeps the input columns in ascending order, and each column feeds the taps kx = 0, 1, 2 of
 * the pixels it touches: every accumulator meets its taps in the canonical order, and three vectors of weights stay in
 * registers. Taps in the left and right padding are FMAs under a mask of no lanes, which costs nothing and reads nothing.
 */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_AVX512_H
#define CARDINAL_KERNELS_X86_GCONV3X3_AVX512_H

#include "kernels/x86/avx512.h"

enum { TILE_PIXELS = 14, TWO_ROW_PIXELS = 8, KERNEL = 3, LOADED_ONCE = 3 };

/* How an input value comes from memory: one float for all lanes, or a vector with a float for each. */
typedef enum cardinal_source { CARDINAL_SCALAR, CARDINAL_VECTOR } cardinal_source;

/* One vector in memory, wherever it lies. */
typedef struct __attribute__((may_alias, packed)) cardinal_avx512_lanes {
  float lane[CARDINAL_BLOCK];
} cardinal_avx512_lanes;

/* acc + w * (value at x) in the lanes of `taken`; x isn't read if there are none. Operands from memory cost a load and
 * nothing else. Assembly, because compilers would load each value once and run out of registers. */
CARDINAL_INLINE __m512 cardinal_avx512_tap_if(cardinal_source source, __mmask16 taken, const float *x, __m512 w,
                                              __m512 acc) {
  if (source == CARDINAL_SCALAR)
    return cardinal_avx512_fma_at_if(taken, x, w, acc);
  __asm__("vfmadd231ps %2, %1, %0%{%3%}" : "+v"(acc) : "v"(w), "m"(*(const cardinal_avx512_lanes *)x), "Yk"(taken));
  return acc;
}

CARDINAL_INLINE __m512 cardinal_avx512_tap(cardinal_source source, const float *x, __m512 w, __m512 acc) {
  if (source == CARDINAL_SCALAR)
    return cardinal_avx512_fma_at(x, w, acc);
  __asm__("vfmadd231ps %2, %1, %0" : "+v"(acc) : "v"(w), "m"(*(const cardinal_avx512_lanes *)x));
  return acc;
}

/* What a tile's taps look like; all but the masks are constants. */
typedef struct cardinal_avx512_tile {
  cardinal_source source;
  size_t pixels, stride;
  __mmask16 left, right; /* of the first pixel's kx = 0 and the last one's kx = 2: no lanes if that is in the padding */
} cardinal_avx512_tile;

/*
 * Adds one input channel of one input row. x is the first pixel's column kx = 0, w three vectors of weights.
 *
 * A column that feeds several taps is loaded by each of them, but every third such column once, into a register:
 * Intel's cores load two vectors in the time of two FMAs and would have no slot left for the weights, while Zen 4 spends
 * a slot of its floating-point pipes on a load that broadcasts.
 */
CARDINAL_INLINE void cardinal_avx512_sweep(__m512 *acc, const float *x, const __m512 *w, cardinal_avx512_tile t) {
  const size_t columns = (t.pixels - 1) * t.stride + KERNEL;
  CARDINAL_UNROLL
  for (size_t i = 0; i < columns; ++i) {
    const float *at = x + i * CARDINAL_BLOCK;
    const int shared = t.stride == 1 ? i > 0 && i + 1 < columns : i > 0 && i + 1 < columns && i % 2 == 0;
    if (shared && i / t.stride % LOADED_ONCE == 0) {
      const __m512 value = t.source == CARDINAL_SCALAR ? _mm512_set1_ps(*at) : _mm512_loadu_ps(at);
      for (size_t kx = 0; kx < KERNEL; ++kx)
        if (i >= kx && (i - kx) % t.stride == 0 && (i - kx) / t.stride < t.pixels)
          acc[(i - kx) / t.stride] = _mm512_fmadd_ps(value, w[kx], acc[(i - kx) / t.stride]);
    } else {
      for (size_t kx = 0; kx < KERNEL; ++kx)
        if (i >= kx && (i - kx) % t.stride == 0 && (i - kx) / t.stride < t.pixels) {
          const size_t p = (i - kx) / t.stride;
          if (i == 0)
            acc[p] = cardinal_avx512_tap_if(t.source, t.left, at, w[kx], acc[p]);
          else if (i + 1 == columns)
            acc[p] = cardinal_avx512_tap_if(t.source, t.right, at, w[kx], acc[p]);
          else
            acc[p] = cardinal_avx512_tap(t.source, at, w[kx], acc[p]);
        }
    }
  }
}

/* The taps of output row `row` that exist: ky in [begin, end). */
typedef struct cardinal_avx512_taps {
  size_t begin, end;
} cardinal_avx512_taps;

CARDINAL_INLINE cardinal_avx512_taps cardinal_avx512_taps_of(const cardinal_conv_args *a, size_t row, size_t stride) {
  const size_t top = row * stride; /* input row of ky = 0, counted from the padding's */
  const size_t left = a->in_height + a->pad_top - top;
  return (cardinal_avx512_taps){top < a->pad_top ? a->pad_top - top : 0, left < KERNEL ? left : KERNEL};
}

/* The masks of a tile of `pixels` pixels from column `first` on. */
CARDINAL_INLINE cardinal_avx512_tile cardinal_avx512_tile_at(const cardinal_conv_args *a, cardinal_source source,
                                                             size_t first, size_t pixels, size_t stride) {
  const size_t last_column = (first + pixels - 1) * stride + KERNEL - 1;
  return (cardinal_avx512_tile){
      .source = source,
      .pixels = pixels,
      .stride = stride,
      .left = first * stride < a->pad_left ? 0 : CARDINAL_ALL_LANES,
      .right = last_column >= a->in_width + a->pad_left ? 0 : CARDINAL_ALL_LANES,
  };
}

CARDINAL_INLINE void cardinal_avx512_load_weights(__m512 w[KERNEL], const float *from) {
  CARDINAL_UNROLL
  for (size_t kx = 0; kx < KERNEL; ++kx)
    w[kx] = _mm512_load_ps(from + kx * CARDINAL_BLOCK);
}

/* `rows` (1 or 2, with the same ky) output rows from `row` on, read where they lie. `rows` and `pixels` are constants. */
CARDINAL_INLINE void cardinal_avx512_direct_tile(const cardinal_conv_args *a, cardinal_source source, size_t stride,
                                                 size_t row, size_t rows, size_t first, size_t pixels,
                                                 cardinal_avx512_epilogue epilogue) {
  __m512 acc[2][TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t r = 0; r < rows; ++r) {
    CARDINAL_UNROLL
    for (size_t p = 0; p < pixels; ++p)
      acc[r][p] = _mm512_loadu_ps(a->bias);
  }

  const cardinal_avx512_tile tile = cardinal_avx512_tile_at(a, source, first, pixels, stride);
  const cardinal_avx512_taps taps = cardinal_avx512_taps_of(a, row, stride);
  const ptrdiff_t row_offset = (ptrdiff_t)(row * stride) - (ptrdiff_t)a->pad_top;
  const ptrdiff_t column_offset = (ptrdiff_t)(first * stride) - (ptrdiff_t)a->pad_left;
  const float *x_block = a->x + row_offset * (ptrdiff_t)a->x_row + column_offset * CARDINAL_BLOCK;
  const float *w_block = a->w;
  for (size_t left = a->channels; left > 0; x_block += a->x_block) {
    const size_t channels = left < CARDINAL_BLOCK ? left : CARDINAL_BLOCK;
    for (size_t ky = taps.begin; ky < taps.end; ++ky) {
      const float *x = x_block + ky * a->x_row;
      const float *w = w_block + ky * channels * KERNEL * CARDINAL_BLOCK;
      for (const float *end = x + channels; x != end; ++x, w += KERNEL * CARDINAL_BLOCK) {
        __m512 weights[KERNEL];
        cardinal_avx512_load_weights(weights, w);
        cardinal_avx512_sweep(acc[0], x, weights, tile);
        if (rows > 1)
          cardinal_avx512_sweep(acc[1], x + stride * a->x_row, weights, tile);
      }
    }
    w_block += KERNEL * KERNEL * channels * CARDINAL_BLOCK;
    left -= channels;
  }

  CARDINAL_UNROLL
  for (size_t r = 0; r < rows; ++r) {
    const size_t at = (row + r) * a->y_row + first * CARDINAL_BLOCK;
    cardinal_avx512_finish_pixels(a->y + at, acc[r], pixels, a->residual ? a->residual + at : NULL, epilogue);
  }
}

/* Input rows with the values of each slot spread over its lanes, so that each product of a slot is one vector: for each
 * of three rows and each channel, the columns of a tile. Shuffles share a port with FMAs on Intel's cores; here each
 * input vector is shuffled once a channel for all nine taps. */
typedef struct cardinal_avx512_spread {
  float *rows; /* [3][slot][columns][16]; input row r is at r % 3 */
  size_t slot, columns;
} cardinal_avx512_spread;

CARDINAL_INLINE const float *cardinal_avx512_spread_at(cardinal_avx512_spread s, size_t row, size_t channel) {
  return s.rows + ((row % KERNEL) * s.slot + channel) * s.columns * CARDINAL_BLOCK;
}

/* Spreads input row `row`; the tile's first column is `column` (-1 in the padding), and `columns` are needed. */
CARDINAL_INLINE void cardinal_avx512_spread_row(const cardinal_conv_args *a, cardinal_avx512_spread s, size_t row,
                                                ptrdiff_t column, size_t columns) {
  const size_t begin = column < 0 ? (size_t)-column : 0;
  const ptrdiff_t inside = (ptrdiff_t)a->in_width - column;
  const size_t end = inside < (ptrdiff_t)columns ? (size_t)inside : columns;
  const float *x = a->x + row * a->x_row + column * CARDINAL_BLOCK;
  float *to = s.rows + (row % KERNEL) * s.slot * s.columns * CARDINAL_BLOCK;
  __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  lane = _mm512_andnot_epi32(_mm512_set1_epi32((int)s.slot - 1), lane);
  for (size_t c = 0; c < a->channels; ++c, to += s.columns * CARDINAL_BLOCK) {
    for (size_t i = begin; i < end; ++i)
      _mm512_store_ps(to + i * CARDINAL_BLOCK, _mm512_permutexvar_ps(lane, _mm512_loadu_ps(x + i * CARDINAL_BLOCK)));
    lane = _mm512_add_epi32(lane, _mm512_set1_epi32(1));
  }
}

/* One tile of one output row from spread rows. */
CARDINAL_INLINE void cardinal_avx512_spread_tile(const cardinal_conv_args *a, cardinal_avx512_spread s, size_t stride,
                                                 size_t row, size_t first, size_t pixels,
                                                 cardinal_avx512_epilogue epilogue) {
  __m512 acc[TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    acc[p] = _mm512_loadu_ps(a->bias);

  const cardinal_avx512_tile tile = cardinal_avx512_tile_at(a, CARDINAL_VECTOR, first, pixels, stride);
  const cardinal_avx512_taps taps = cardinal_avx512_taps_of(a, row, stride);
  for (size_t ky = taps.begin; ky < taps.end; ++ky) {
    const float *x = cardinal_avx512_spread_at(s, row * stride + ky - a->pad_top, 0);
    const float *w = a->w + ky * a->channels * KERNEL * CARDINAL_BLOCK;
    for (size_t c = 0; c < a->channels; ++c, x += s.columns * CARDINAL_BLOCK, w += KERNEL * CARDINAL_BLOCK) {
      __m512 weights[KERNEL];
      cardinal_avx512_load_weights(weights, w);
      cardinal_avx512_sweep(acc, x, weights, tile);
    }
  }

  const size_t at = row * a->y_row + first * CARDINAL_BLOCK;
  cardinal_avx512_finish_pixels(a->y + at, acc, pixels, a->residual ? a->residual + at : NULL, epilogue);
}

/* The columns of one tile, `pixels` wide from column `first` on, in all rows. */
CARDINAL_INLINE void cardinal_avx512_spread_strip(const cardinal_conv_args *a, cardinal_avx512_spread s, size_t stride,
                                                  size_t first, size_t pixels, cardinal_avx512_epilogue epilogue) {
  const ptrdiff_t column = (ptrdiff_t)(first * stride) - (ptrdiff_t)a->pad_left;
  size_t spread = 0; /* input rows before this one are done */
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_avx512_taps taps = cardinal_avx512_taps_of(a, row, stride);
    const size_t begin = row * stride + taps.begin - a->pad_top, end = row * stride + taps.end - a->pad_top;
    for (spread = begin > spread ? begin : spread; spread < end; ++spread)
      cardinal_avx512_spread_row(a, s, spread, column, (pixels - 1) * stride + KERNEL);
    cardinal_avx512_spread_tile(a, s, stride, row, first, pixels, epilogue);
  }
}

/* Calls `body` with a constant number of pixels, which all the above rely on. */
#define CARDINAL_AVX512_EACH_WIDTH(pixels, body)                                                                       \
  switch (pixels) {                                                                                                    \
  case 1:                                                                                                              \
    body(1);                                                                                                           \
    break;                                                                                                             \
  case 2:                                                                                                              \
    body(2);                                                                                                           \
    break;                                                                                                             \
  case 3:                                                                                                              \
    body(3);                                                                                                           \
    break;                                                                                                             \
  case 4:                                                                                                              \
    body(4);                                                                                                           \
    break;                                                                                                             \
  case 5:                                                                                                              \
    body(5);                                                                                                           \
    break;                                                                                                             \
  case 6:                                                                                                              \
    body(6);                                                                                                           \
    break;                                                                                                             \
  case 7:                                                                                                              \
    body(7);                                                                                                           \
    break;                                                                                                             \
  case 8:                                                                                                              \
    body(8);                                                                                                           \
    break;                                                                                                             \
  case 9:                                                                                                              \
    body(9);                                                                                                           \
    break;                                                                                                             \
  case 10:                                                                                                             \
    body(10);                                                                                                          \
    break;                                                                                                             \
  case 11:                                                                                                             \
    body(11);                                                                                                          \
    break;                                                                                                             \
  case 12:                                                                                                             \
    body(12);                                                                                                          \
    break;                                                                                                             \
  case 13:                                                                                                             \
    body(13);                                                                                                          \
    break;                                                                                                             \
  default:                                                                                                             \
    body(TILE_PIXELS);                                                                                                 \
  }

/* All rows of a kernel that reads its input where it lies. */
CARDINAL_INLINE void cardinal_avx512_direct(const cardinal_conv_args *a, cardinal_source source, size_t stride) {
  const cardinal_avx512_epilogue epilogue = cardinal_avx512_epilogue_of(a->relu, a->lane_mask);
  const size_t tiles = (a->out_width + TILE_PIXELS - 1) / TILE_PIXELS;
  const size_t even = a->out_width / tiles, larger = a->out_width % tiles;
  size_t row = a->row_begin;
  while (row < a->row_end) {
    /* Short rows have too few sums to hide an FMA's latency: two at once, where both have all their taps. */
    if (a->out_width <= TWO_ROW_PIXELS && row + 1 < a->row_end) {
      const cardinal_avx512_taps one = cardinal_avx512_taps_of(a, row, stride);
      const cardinal_avx512_taps other = cardinal_avx512_taps_of(a, row + 1, stride);
      if (one.begin == other.begin && one.end == other.end) {
#define TWO_ROWS(n)                                                                                                    \
  cardinal_avx512_direct_tile(a, source, stride, row, 2, 0, (n) < TWO_ROW_PIXELS ? (n) : TWO_ROW_PIXELS, epilogue)
        CARDINAL_AVX512_EACH_WIDTH(a->out_width, TWO_ROWS)
#undef TWO_ROWS
        row += 2;
        continue;
      }
    }
    for (size_t t = 0, first = 0; t < tiles; ++t) {
      const size_t pixels = even + (t < larger);
#define ONE_ROW(n) cardinal_avx512_direct_tile(a, source, stride, row, 1, first, n, epilogue)
      CARDINAL_AVX512_EACH_WIDTH(pixels, ONE_ROW)
#undef ONE_ROW
      first += pixels;
    }
    ++row;
  }
}

/* All rows of a kernel with several slots, in strips of at most `widest` pixels; `s` has room for their columns. */
CARDINAL_INLINE void cardinal_avx512_spread_all(const cardinal_conv_args *a, cardinal_avx512_spread s, size_t stride,
                                                size_t widest) {
  const cardinal_avx512_epilogue epilogue = cardinal_avx512_epilogue_of(a->relu, a->lane_mask);
  const size_t strips = (a->out_width + widest - 1) / widest;
  const size_t even = a->out_width / strips, larger = a->out_width % strips;
  for (size_t t = 0, first = 0; t < strips; ++t) {
    const size_t pixels = even + (t < larger);
#define STRIP(n) cardinal_avx512_spread_strip(a, s, stride, first, (n) < widest ? (n) : widest, epilogue)
    CARDINAL_AVX512_EACH_WIDTH(pixels, STRIP)
#undef STRIP
    first += pixels;
  }
}

#endif
