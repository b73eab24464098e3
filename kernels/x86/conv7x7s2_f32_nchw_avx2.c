/* SPDX-License-Identifier: BSD-3-Clause */
/* The stem: 7×7, stride 2, padding 3, on NCHW planes. A tile is up to 6 pixels of 16 lanes, 12 accumulators; each
 * product broadcasts one input value and meets two vectors of weights. */
#include "kernels/x86/avx2.h"
#include "kernels/x86/stem_edges.h"

enum {
  TILE_PIXELS = 6,
  KERNEL = CARDINAL_STEM_KERNEL,
  STRIDE = CARDINAL_STEM_STRIDE,
  PAD = CARDINAL_STEM_PAD
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

/* The same if `taps` has `bit`; otherwise x isn't read. */
CARDINAL_INLINE void add_product_if(cardinal_stem_taps taps, uint32_t bit, __m256 *low, __m256 *high, const float *x,
                                    __m256 w_low, __m256 w_high) {
  __m256 value;
  __asm__("testl %7, %6\n\t"
          "jz 1f\n\t"
          "vbroadcastss %3, %2\n\t"
          "vfmadd231ps %4, %2, %0\n\t"
          "vfmadd231ps %5, %2, %1\n"
          "1:"
          : "+x"(*low), "+x"(*high), "=&x"(value)
          : "m"(*x), "x"(w_low), "x"(w_high), "r"(taps), "i"(bit)
          : "cc");
}

/* `pixels` pixels of output row `row` from column `first` on; `edge` says whether the tile is the first or last of its
 * row. Both `pixels` and `edge` are constants. */
CARDINAL_INLINE void tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels, int edge) {
  __m256 low[TILE_PIXELS], high[TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    low[p] = _mm256_loadu_ps(a->bias);
    high[p] = _mm256_loadu_ps(a->bias + 8);
  }

  const cardinal_stem_rows rows = cardinal_stem_rows_of(a, row);
  const ptrdiff_t column = (ptrdiff_t)(first * STRIDE) - PAD;
  const cardinal_stem_taps all_taps = edge ? cardinal_stem_taps_of(column, pixels, (ptrdiff_t)a->in_width) : 0;
  const float *x_row = rows.x;
  for (size_t ky = rows.begin; ky < rows.end; ++ky, x_row += a->x_row) {
    /* As a number: at the left edge it lies before the row, until the taps in the padding are passed. */
    uintptr_t x_channel = (uintptr_t)x_row + (uintptr_t)column * sizeof(float);
    const float *w = a->w + ky * a->channels * KERNEL * CARDINAL_BLOCK;
    for (size_t c = a->channels; c; --c, x_channel += a->x_block * sizeof(float)) {
      uintptr_t x = x_channel;
      cardinal_stem_taps taps = all_taps;
      for (size_t kx = KERNEL; kx; --kx, x += sizeof(float), w += CARDINAL_BLOCK, taps >>= 1) {
        /* Seems to change each round: gcc would hold every pixel's address in a register. */
        __asm__("" : "+r"(x));
        const __m256 w_low = _mm256_load_ps(w), w_high = _mm256_load_ps(w + 8);
        CARDINAL_UNROLL
        for (size_t p = 0; p < pixels; ++p) {
          const float *at = (const float *)(x + p * STRIDE * sizeof(float));
          if (edge && cardinal_stem_is_edge(p, pixels))
            add_product_if(taps, cardinal_stem_edge_bit(p, pixels), &low[p], &high[p], at, w_low, w_high);
          else
            add_product(&low[p], &high[p], at, w_low, w_high);
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

CARDINAL_INLINE void tile_of(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels, int edge) {
  switch (pixels) {
  case 1:
    tile(a, row, first, 1, edge);
    break;
  case 2:
    tile(a, row, first, 2, edge);
    break;
  case 3:
    tile(a, row, first, 3, edge);
    break;
  case 4:
    tile(a, row, first, 4, edge);
    break;
  case 5:
    tile(a, row, first, 5, edge);
    break;
  default:
    tile(a, row, first, TILE_PIXELS, edge);
  }
}

static void edge_tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels) {
  tile_of(a, row, first, pixels, 1);
}

static void middle_tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels) {
  tile_of(a, row, first, pixels, 0);
}

void cardinal_conv7x7s2_f32_nchw_avx2(const cardinal_conv_args *a) {
  cardinal_stem_tiles(a, cardinal_cut_evenly(a->out_width, TILE_PIXELS), edge_tile, middle_tile, edge_tile);
}
