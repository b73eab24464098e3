/* SPDX-License-Identifier: BSD-3-Clause */
/* The stem: 7×7, stride 2, padding 3, on NCHW planes. A tile is up to 6 pixels of 16 lanes, 24 accumulators; an input
 * value is loaded into lane 0 of a register, which costs less than a broadcast, and meets four vectors of weights. */
#include "kernels/arm/neon.h"
#include "kernels/stem.h"

enum {
  TILE_PIXELS = 6,
  LEAST_PIXELS = 4,
  KERNEL = CARDINAL_STEM_KERNEL,
  STRIDE = CARDINAL_STEM_STRIDE,
  PAD = CARDINAL_STEM_PAD,
  VECTORS = CARDINAL_NEON_VECTORS
};

/* Adds x*w to one pixel's sums. The value is loaded in assembly, or compilers would keep those that a later kx reads
 * again, and spill sums for them. */
CARDINAL_INLINE void add_product(float32x4_t *acc, const float *x, const float32x4_t *w) {
  float32x4_t value;
  __asm__ volatile("ldr %s0, %1" : "=w"(value) : "m"(*x));
  CARDINAL_UNROLL
  for (size_t v = 0; v < VECTORS; ++v)
    acc[v] = cardinal_neon_fma_lane(acc[v], w[v], value, 0);
}

/* `pixels` pixels of output row `row` from column `first` on. Of the tile's input columns, the first `left` and the
 * last `right` are in the padding. */
CARDINAL_INLINE void tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels, size_t left,
                          size_t right) {
  float32x4_t acc[TILE_PIXELS * VECTORS];
  cardinal_neon_start(acc, pixels, VECTORS, a->bias);

  const cardinal_stem_rows rows = cardinal_stem_rows_of(a, row);
  const ptrdiff_t column = (ptrdiff_t)(first * STRIDE) - PAD;
  const size_t columns = (pixels - 1) * STRIDE + KERNEL;
  const float *x_row = rows.x;
  for (size_t ky = rows.begin; ky < rows.end; ++ky, x_row += a->x_row) {
    const float *x = x_row + column;
    const float *w = (const float *)a->w + ky * a->channels * KERNEL * CARDINAL_BLOCK;
    CARDINAL_ROLLED
    for (size_t c = a->channels; c; --c, x += a->x_block, w += KERNEL * CARDINAL_BLOCK) {
      CARDINAL_UNROLL
      for (size_t kx = 0; kx < KERNEL; ++kx) {
        float32x4_t weights[VECTORS];
        CARDINAL_UNROLL
        for (size_t v = 0; v < VECTORS; ++v)
          weights[v] = vld1q_f32(w + kx * CARDINAL_BLOCK + v * CARDINAL_NEON_LANES);
        if (pixels == 1) { /* a loop of one round would keep clang 14 from holding the weights in registers */
          if (kx >= left && kx < columns - right)
            add_product(acc, x + kx, weights);
          continue;
        }
        CARDINAL_UNROLL
        for (size_t p = 0; p < pixels; ++p) {
          const size_t i = p * STRIDE + kx;
          if (i >= left && i < columns - right)
            add_product(acc + p * VECTORS, x + i, weights);
        }
      }
    }
  }

  const size_t at = row * a->y_row + first * CARDINAL_BLOCK;
  cardinal_neon_finish(acc, pixels, VECTORS,
                       (cardinal_neon_result){.y = (float *)a->y + at,
                                              .residual = a->residual ? (const float *)a->residual + at : NULL,
                                              .relu = a->relu,
                                              .lane_mask = a->lane_mask});
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

static void first_tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels) {
  wide_tile(a, row, first, pixels, PAD, 0);
}

static void middle_tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels) {
  wide_tile(a, row, first, pixels, 0, 0);
}

static void last_tile_of_even_width(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels) {
  wide_tile(a, row, first, pixels, 0, 2);
}

static void last_tile_of_odd_width(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels) {
  wide_tile(a, row, first, pixels, 0, 3);
}

static __attribute__((noinline)) void single_pixel(const cardinal_conv_args *a, size_t row, size_t column, size_t left,
                                                   size_t right) {
  tile(a, row, column, 1, left, right);
}

/* For rows too narrow for tiles of LEAST_PIXELS, pixel by pixel. */
static void row_of_pixels(const cardinal_conv_args *a, size_t row) {
  for (size_t q = 0; q < a->out_width; ++q) {
    const size_t begin = q * STRIDE, end = begin + KERNEL, in_end = a->in_width + PAD;
    single_pixel(a, row, q, begin < PAD ? PAD - begin : 0, end > in_end ? end - in_end : 0);
  }
}

void cardinal_conv7x7s2_f32_nchw_neon(const cardinal_conv_args *a) {
  const cardinal_cut cut = cardinal_cut_evenly(a->out_width, TILE_PIXELS);
  if (cardinal_cut_tiles(cut) > 1 && cut.shorter >= LEAST_PIXELS)
    cardinal_stem_tiles(a, cut, first_tile, middle_tile,
                        a->in_width % 2 == 0 ? last_tile_of_even_width : last_tile_of_odd_width);
  else
    for (size_t row = a->row_begin; row < a->row_end; ++row)
      row_of_pixels(a, row);
}
