/* SPDX-License-Identifier: BSD-3-Clause */
/* The stem: 7×7, stride 2, padding 3, on NCHW planes. A tile is up to 6 pixels of 16 lanes, 12 accumulators; each
 * product broadcasts one input value and meets two vectors of weights. */
#include "kernels/x86/avx2.h"

enum {
  TILE_PIXELS = 6,
  LEAST_PIXELS = 4,
  KERNEL = 7,
  STRIDE = 2,
  PAD = 3
};

/* Adds x*w to one pixel's sums. In assembly, because compilers would otherwise keep values of x that a later kx reads
 * again, and spill accumulators for them. */
CARDINAL_INLINE void add_product(__m256 *low, __m256 *high, const float *x, __m256 w_low, __m256 w_high) {
  __m256 value;
  __asm__("vbroadcastss %3, %2\n\t"
          "vfmadd231ps %4, %2, %0\n\t"
          "vfmadd231ps %5, %2, %1"
          : "+x"(*low), "+x"(*high), "=&x"(value)
          : "m"(*x), "x"(w_low), "x"(w_high));
}

/* `pixels` pixels of output row `row` from column `first` on. Of the tile's input columns, the first `left` and the
 * last `right` are in the padding. */
CARDINAL_INLINE void tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels, size_t left,
                          size_t right) {
  __m256 low[TILE_PIXELS], high[TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    low[p] = _mm256_loadu_ps(a->bias);
    high[p] = _mm256_loadu_ps(a->bias + 8);
  }

  const size_t top = row * STRIDE; /* input row of ky = 0, counted from the padding's */
  const size_t below = a->in_height + PAD - top;
  const size_t ky_end = below < KERNEL ? below : KERNEL;
  const ptrdiff_t column = (ptrdiff_t)(first * STRIDE) - PAD;
  const size_t columns = (pixels - 1) * STRIDE + KERNEL;
  for (size_t ky = top < PAD ? PAD - top : 0; ky < ky_end; ++ky) {
    const float *x = a->x + (top + ky - PAD) * a->x_row;
    const float *w = a->w + ky * a->channels * KERNEL * CARDINAL_BLOCK;
    for (size_t c = 0; c < a->channels; ++c, x += a->x_block, w += KERNEL * CARDINAL_BLOCK) {
      CARDINAL_UNROLL
      for (size_t kx = 0; kx < KERNEL; ++kx) {
        const __m256 w_low = _mm256_load_ps(w + kx * CARDINAL_BLOCK);
        const __m256 w_high = _mm256_load_ps(w + kx * CARDINAL_BLOCK + 8);
        CARDINAL_UNROLL
        for (size_t p = 0; p < pixels; ++p) {
          const size_t i = p * STRIDE + kx;
          if (i >= left && i < columns - right)
            add_product(&low[p], &high[p], x + (column + (ptrdiff_t)i), w_low, w_high);
        }
      }
    }
  }

  const cardinal_lanes16 mask = cardinal_avx2_mask(a->lane_mask);
  const size_t at = row * a->y_row + first * CARDINAL_BLOCK;
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    const size_t pixel = at + p * CARDINAL_BLOCK;
    cardinal_avx2_finish(a->y + pixel, low[p], high[p], a->residual ? a->residual + pixel : NULL, a->relu, &mask);
  }
}

/* A tile of a row that has several, with `left` and `right` constant. */
CARDINAL_INLINE void wide_tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels, size_t left,
                               size_t right) {
  if (pixels == 6)
    tile(a, row, first, 6, left, right);
  else if (pixels == 5)
    tile(a, row, first, 5, left, right);
  else
    tile(a, row, first, 4, left, right);
}

static void row_of_tiles(const cardinal_conv_args *a, size_t row, size_t tiles, size_t outside) {
  const size_t narrow = a->out_width / tiles, wide = a->out_width % tiles;
  for (size_t t = 0, first = 0; t < tiles; ++t) {
    const size_t pixels = narrow + (t < wide);
    if (t == 0)
      wide_tile(a, row, first, pixels, PAD, 0);
    else if (t + 1 < tiles)
      wide_tile(a, row, first, pixels, 0, 0);
    else if (outside == 2)
      wide_tile(a, row, first, pixels, 0, 2);
    else
      wide_tile(a, row, first, pixels, 0, 3);
    first += pixels;
  }
}

/* The same for rows too narrow for tiles of LEAST_PIXELS, pixel by pixel. */
static void row_of_pixels(const cardinal_conv_args *a, size_t row) {
  for (size_t q = 0; q < a->out_width; ++q) {
    const size_t begin = q * STRIDE, end = begin + KERNEL, in_end = a->in_width + PAD;
    tile(a, row, q, 1, begin < PAD ? PAD - begin : 0, end > in_end ? end - in_end : 0);
  }
}

void cardinal_conv7x7s2_f32_nchw_avx2(const cardinal_conv_args *a) {
  const size_t tiles = (a->out_width + TILE_PIXELS - 1) / TILE_PIXELS;
  /* how far the last window reaches past the image: 2 or 3 columns, by whether the width is even */
  const size_t outside = (a->out_width - 1) * STRIDE + KERNEL - PAD - a->in_width;
  const int several = tiles > 1 && a->out_width / tiles >= LEAST_PIXELS;
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    if (several)
      row_of_tiles(a, row, tiles, outside);
    else
      row_of_pixels(a, row);
}
