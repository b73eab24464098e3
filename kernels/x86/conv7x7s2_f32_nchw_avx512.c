/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stem: 7×7, stride 2, padding 3, on NCHW planes. A tile is up to 16 pixels of 16 lanes, one accumulator each; a
 * product is one fma whose input value broadcasts itself from memory, so that 17 loads go with 16 FMAs.
 */
#include "kernels/x86/avx512.h"
#include "kernels/x86/stem_edges.h"

enum {
  TILE_PIXELS = 16,
  KERNEL = CARDINAL_STEM_KERNEL,
  STRIDE = CARDINAL_STEM_STRIDE,
  PAD = CARDINAL_STEM_PAD
};

/* acc + w * x[0] in all lanes if `taps` has `bit`, otherwise acc, and x isn't read. The branch hides in the assembly,
 * so that compilers don't copy the tile for each way through it. */
CARDINAL_INLINE __m512 fma_at_if(cardinal_stem_taps taps, uint32_t bit, const float *x, __m512 w, __m512 acc) {
  __asm__("testl %4, %3\n\t"
          "jz 1f\n\t"
          "vfmadd231ps %2%{1to16%}, %1, %0\n"
          "1:"
          : "+v"(acc)
          : "v"(w), "m"(*x), "r"(taps), "i"(bit)
          : "cc");
  return acc;
}

/* `pixels` pixels of output row `row` from column `first` on; `edge` says whether the tile is the first or last of its
 * row. Both `pixels` and `edge` are constants. */
CARDINAL_INLINE void tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels, int edge) {
  __m512 acc[TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    acc[p] = _mm512_loadu_ps(a->bias);

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
        const __m512 weights = _mm512_load_ps(w);
        CARDINAL_UNROLL
        for (size_t p = 0; p < pixels; ++p) {
          const float *at = (const float *)(x + p * STRIDE * sizeof(float));
          if (edge && cardinal_stem_is_edge(p, pixels))
            acc[p] = fma_at_if(taps, cardinal_stem_edge_bit(p, pixels), at, weights, acc[p]);
          else
            acc[p] = cardinal_avx512_fma_at(at, weights, acc[p]);
        }
      }
    }
  }

  const size_t offset = row * a->y_row + first * CARDINAL_BLOCK;
  cardinal_avx512_finish_pixels(a->y + offset, acc, pixels, a->residual ? a->residual + offset : NULL,
                                cardinal_avx512_epilogue_of(a->relu, a->lane_mask));
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
  case 6:
    tile(a, row, first, 6, edge);
    break;
  case 7:
    tile(a, row, first, 7, edge);
    break;
  case 8:
    tile(a, row, first, 8, edge);
    break;
  case 9:
    tile(a, row, first, 9, edge);
    break;
  case 10:
    tile(a, row, first, 10, edge);
    break;
  case 11:
    tile(a, row, first, 11, edge);
    break;
  case 12:
    tile(a, row, first, 12, edge);
    break;
  case 13:
    tile(a, row, first, 13, edge);
    break;
  case 14:
    tile(a, row, first, 14, edge);
    break;
  case 15:
    tile(a, row, first, 15, edge);
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

void cardinal_conv7x7s2_f32_nchw_avx512(const cardinal_conv_args *a) {
  cardinal_stem_tiles(a, cardinal_cut_evenly(a->out_width, TILE_PIXELS), edge_tile, middle_tile, edge_tile);
}
