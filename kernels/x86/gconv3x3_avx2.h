/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 3×3 convolution of 8 output lanes, the body of all gconv3x3 kernels for AVX2. They differ only in how a vector of
 * input values comes from memory, which the slot's width tells.
 *
 * A tile is up to 12 pixels of one output row, each an accumulator of 8 lanes. For each input channel the tile sweeps
 * the input columns in ascending order, and each column's vector feeds the taps kx = 0, 1, 2 of the pixels it touches:
 * every accumulator meets its taps in the canonical order, a vector is loaded once for three products, and three
 * vectors of weights stay in registers. 12 + 3 + 1 fill the 16 registers. FMAs take 4 cycles and two start in each, so
 * from 8 pixels on the FMA units are never idle; rows are cut evenly to get there.
 */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_AVX2_H
#define CARDINAL_KERNELS_X86_GCONV3X3_AVX2_H

#include "kernels/x86/avx2.h"

enum {
  VECTOR_LANES = 8,
  TILE_PIXELS = 12,
  KERNEL_W = 3,
  PIXEL_BYTES = CARDINAL_BLOCK * sizeof(float)
};

/* What happens to a finished sum, the same for all pixels of a call. */
typedef struct cardinal_avx2_epilogue {
  __m256 floor; /* 0 with ReLU; minus infinity, below which nothing is, without */
  __m256 mask;  /* all bits in the lanes to keep */
} cardinal_avx2_epilogue;

/* For the 8 lanes from `lane` on of a block. */
CARDINAL_INLINE cardinal_avx2_epilogue cardinal_avx2_epilogue_of(uint32_t relu, uint32_t lane_mask, size_t lane) {
  return (cardinal_avx2_epilogue){
      .floor = _mm256_set1_ps(relu ? 0.0f : -__builtin_inff()),
      .mask = cardinal_avx2_mask(lane_mask >> lane).low,
  };
}

/* One pass over output rows: some input channels, 8 output lanes. The sums of the first pass start from the bias, of
 * later ones from partial sums; only the last pass finishes them. Pointers are to the first of these lanes. */
typedef struct cardinal_avx2_pass {
  const float *x;                /* first input block of the pass, at the lanes that these output lanes read */
  const float *w;                /* the pass' first weights */
  const float *start;            /* bias, or partial sums of row `row_begin` on */
  size_t start_row, start_pixel; /* floats from one row's or pixel's start to the next, 0 for the bias */
  float *to;                     /* row `row_begin` */
  size_t to_row;
  const float *residual; /* as `to`, or NULL */
  size_t row_begin, row_end;
  size_t channels;
  cardinal_avx2_epilogue epilogue;
} cardinal_avx2_pass;

/*
 * The sweep in assembly, since both compilers spill accumulators when they schedule it themselves. ymm12 to ymm14 hold
 * the weights of kx = 0, 1, 2, ymm15 the input vector. `load` is the instruction, up to its address, that makes it.
 */
#define COLUMN(load, i) load #i "*64(%[x]), %%ymm15\n"
#define TAP0(p) "vfmadd231ps %%ymm15, %%ymm12, %[acc" #p "]\n"
#define TAP1(p) "vfmadd231ps %%ymm15, %%ymm13, %[acc" #p "]\n"
#define TAP2(p) "vfmadd231ps %%ymm15, %%ymm14, %[acc" #p "]\n"
#define UNLESS(flag, text) "testl %[" #flag "], %[" #flag "]\n jnz 1f\n" text "1:\n"

/* Stride 1: column p starts pixel p and feeds the two pixels before it. */
#define START_1(load) UNLESS(left, COLUMN(load, 0) TAP0(0))
#define START_2(load) START_1(load) COLUMN(load, 1) TAP0(1) TAP1(0)
#define MIDDLE(load, p, q, r) COLUMN(load, p) TAP0(p) TAP1(q) TAP2(r)
#define START_3(load) START_2(load) MIDDLE(load, 2, 1, 0)
#define START_4(load) START_3(load) MIDDLE(load, 3, 2, 1)
#define START_5(load) START_4(load) MIDDLE(load, 4, 3, 2)
#define START_6(load) START_5(load) MIDDLE(load, 5, 4, 3)
#define START_7(load) START_6(load) MIDDLE(load, 6, 5, 4)
#define START_8(load) START_7(load) MIDDLE(load, 7, 6, 5)
#define START_9(load) START_8(load) MIDDLE(load, 8, 7, 6)
#define START_10(load) START_9(load) MIDDLE(load, 9, 8, 7)
#define START_11(load) START_10(load) MIDDLE(load, 10, 9, 8)
#define START_12(load) START_11(load) MIDDLE(load, 11, 10, 9)
#define END(load, n, after, p, q) COLUMN(load, n) TAP1(p) TAP2(q) UNLESS(right, COLUMN(load, after) TAP2(p))
#define STRIDE1_1(load) START_1(load) COLUMN(load, 1) TAP1(0) UNLESS(right, COLUMN(load, 2) TAP2(0))
#define STRIDE1_2(load) START_2(load) END(load, 2, 3, 1, 0)
#define STRIDE1_3(load) START_3(load) END(load, 3, 4, 2, 1)
#define STRIDE1_4(load) START_4(load) END(load, 4, 5, 3, 2)
#define STRIDE1_5(load) START_5(load) END(load, 5, 6, 4, 3)
#define STRIDE1_6(load) START_6(load) END(load, 6, 7, 5, 4)
#define STRIDE1_7(load) START_7(load) END(load, 7, 8, 6, 5)
#define STRIDE1_8(load) START_8(load) END(load, 8, 9, 7, 6)
#define STRIDE1_9(load) START_9(load) END(load, 9, 10, 8, 7)
#define STRIDE1_10(load) START_10(load) END(load, 10, 11, 9, 8)
#define STRIDE1_11(load) START_11(load) END(load, 11, 12, 10, 9)
#define STRIDE1_12(load) START_12(load) END(load, 12, 13, 11, 10)

/* Stride 2: column 2p starts pixel p and ends the one before it, column 2p + 1 is p's middle. */
#define PAIR_1(load) UNLESS(left, COLUMN(load, 0) TAP0(0)) COLUMN(load, 1) TAP1(0)
#define PAIR(load, even, odd, p, q) COLUMN(load, even) TAP0(p) TAP2(q) COLUMN(load, odd) TAP1(p)
#define PAIR_2(load) PAIR_1(load) PAIR(load, 2, 3, 1, 0)
#define PAIR_3(load) PAIR_2(load) PAIR(load, 4, 5, 2, 1)
#define PAIR_4(load) PAIR_3(load) PAIR(load, 6, 7, 3, 2)
#define PAIR_5(load) PAIR_4(load) PAIR(load, 8, 9, 4, 3)
#define PAIR_6(load) PAIR_5(load) PAIR(load, 10, 11, 5, 4)
#define PAIR_7(load) PAIR_6(load) PAIR(load, 12, 13, 6, 5)
#define PAIR_8(load) PAIR_7(load) PAIR(load, 14, 15, 7, 6)
#define PAIR_9(load) PAIR_8(load) PAIR(load, 16, 17, 8, 7)
#define PAIR_10(load) PAIR_9(load) PAIR(load, 18, 19, 9, 8)
#define PAIR_11(load) PAIR_10(load) PAIR(load, 20, 21, 10, 9)
#define PAIR_12(load) PAIR_11(load) PAIR(load, 22, 23, 11, 10)
#define LAST(load, i, p) UNLESS(right, COLUMN(load, i) TAP2(p))
#define STRIDE2_1(load) PAIR_1(load) LAST(load, 2, 0)
#define STRIDE2_2(load) PAIR_2(load) LAST(load, 4, 1)
#define STRIDE2_3(load) PAIR_3(load) LAST(load, 6, 2)
#define STRIDE2_4(load) PAIR_4(load) LAST(load, 8, 3)
#define STRIDE2_5(load) PAIR_5(load) LAST(load, 10, 4)
#define STRIDE2_6(load) PAIR_6(load) LAST(load, 12, 5)
#define STRIDE2_7(load) PAIR_7(load) LAST(load, 14, 6)
#define STRIDE2_8(load) PAIR_8(load) LAST(load, 16, 7)
#define STRIDE2_9(load) PAIR_9(load) LAST(load, 18, 8)
#define STRIDE2_10(load) PAIR_10(load) LAST(load, 20, 9)
#define STRIDE2_11(load) PAIR_11(load) LAST(load, 22, 10)
#define STRIDE2_12(load) PAIR_12(load) LAST(load, 24, 11)

#define SWEEP(columns)                                                                                                 \
  __asm__("vmovaps (%[w]), %%ymm12\n"                                                                                  \
          "vmovaps 64(%[w]), %%ymm13\n"                                                                                \
          "vmovaps 128(%[w]), %%ymm14\n" columns                                                                       \
          : [acc0] "+x"(acc[0]), [acc1] "+x"(acc[1]), [acc2] "+x"(acc[2]), [acc3] "+x"(acc[3]), [acc4] "+x"(acc[4]),   \
            [acc5] "+x"(acc[5]), [acc6] "+x"(acc[6]), [acc7] "+x"(acc[7]), [acc8] "+x"(acc[8]), [acc9] "+x"(acc[9]),   \
            [acc10] "+x"(acc[10]), [acc11] "+x"(acc[11])                                                               \
          : [x] "r"(x), [w] "r"(w), [left] "r"(left), [right] "r"(right), [lane] "i"(lane)                             \
          : "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory")
#define SWEEP_CASES(stride, load)                                                                                      \
  switch (pixels) {                                                                                                    \
  case 1:                                                                                                              \
    SWEEP(stride##_1(load));                                                                                           \
    break;                                                                                                             \
  case 2:                                                                                                              \
    SWEEP(stride##_2(load));                                                                                           \
    break;                                                                                                             \
  case 3:                                                                                                              \
    SWEEP(stride##_3(load));                                                                                           \
    break;                                                                                                             \
  case 4:                                                                                                              \
    SWEEP(stride##_4(load));                                                                                           \
    break;                                                                                                             \
  case 5:                                                                                                              \
    SWEEP(stride##_5(load));                                                                                           \
    break;                                                                                                             \
  case 6:                                                                                                              \
    SWEEP(stride##_6(load));                                                                                           \
    break;                                                                                                             \
  case 7:                                                                                                              \
    SWEEP(stride##_7(load));                                                                                           \
    break;                                                                                                             \
  case 8:                                                                                                              \
    SWEEP(stride##_8(load));                                                                                           \
    break;                                                                                                             \
  case 9:                                                                                                              \
    SWEEP(stride##_9(load));                                                                                           \
    break;                                                                                                             \
  case 10:                                                                                                             \
    SWEEP(stride##_10(load));                                                                                          \
    break;                                                                                                             \
  case 11:                                                                                                             \
    SWEEP(stride##_11(load));                                                                                          \
    break;                                                                                                             \
  default:                                                                                                             \
    SWEEP(stride##_12(load));                                                                                          \
    break;                                                                                                             \
  }

/* Adds the products of one channel in one input row to the sums of `pixels` pixels. `x` is the address of the first
 * pixel's first tap, which doesn't exist if `left`; the last pixel's last one doesn't if `right`. `lane` is the
 * immediate that broadcasts the channel inside slots of 4. */
CARDINAL_INLINE void cardinal_avx2_sweep(__m256 acc[TILE_PIXELS], size_t pixels, size_t slot, size_t stride,
                                         uintptr_t x, int lane, const float *w, int left, int right) {
  if (stride == 1 && slot == 1) {
    SWEEP_CASES(STRIDE1, "vmovups ")
  } else if (stride == 1 && slot == 4) {
    SWEEP_CASES(STRIDE1, "vpermilps %[lane], ")
  } else if (stride == 1) {
    SWEEP_CASES(STRIDE1, "vbroadcastss ")
  } else if (slot == 1) {
    SWEEP_CASES(STRIDE2, "vmovups ")
  } else if (slot == 4) {
    SWEEP_CASES(STRIDE2, "vpermilps %[lane], ")
  } else {
    SWEEP_CASES(STRIDE2, "vbroadcastss ")
  }
}

/* `pixels` pixels of output row `row` from column `first` on. */
CARDINAL_INLINE void cardinal_avx2_tile(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, size_t slot,
                                        size_t stride, size_t row, size_t first, size_t pixels) {
  const float *start = pass->start + (row - pass->row_begin) * pass->start_row + first * pass->start_pixel;
  __m256 acc[TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t p = 0; p < TILE_PIXELS; ++p)
    acc[p] = p < pixels ? _mm256_loadu_ps(start + p * pass->start_pixel) : _mm256_setzero_ps();

  const size_t top = row * stride; /* input row of ky = 0, counted from the padding's */
  const size_t ky_begin = top < a->pad_top ? a->pad_top - top : 0;
  const size_t below = a->in_height + a->pad_top - top;
  const size_t ky_end = below < KERNEL_W ? below : KERNEL_W;
  const ptrdiff_t column = (ptrdiff_t)(first * stride) - (ptrdiff_t)a->pad_left;
  const int left = column < 0;
  const int right = column + (ptrdiff_t)((pixels - 1) * stride + KERNEL_W) > (ptrdiff_t)a->in_width;

  const float *x = pass->x, *w = pass->w;
  const size_t w_channel = KERNEL_W * CARDINAL_BLOCK;
  for (size_t left_over = pass->channels; left_over > 0;) {
    const size_t channels = left_over < CARDINAL_BLOCK ? left_over : CARDINAL_BLOCK;
    const size_t w_row = channels * w_channel;
    for (size_t ky = ky_begin; ky < ky_end; ++ky) {
      /* an address, not a pointer: with the column -1 it may lie before the image */
      uintptr_t x_c = (uintptr_t)(x + (top + ky - a->pad_top) * a->x_row) + (uintptr_t)column * PIXEL_BYTES;
      const float *w_c = w + ky * w_row;
      if (slot == 4) {
        cardinal_avx2_sweep(acc, pixels, slot, stride, x_c, 0x00, w_c, left, right);
        cardinal_avx2_sweep(acc, pixels, slot, stride, x_c, 0x55, w_c + w_channel, left, right);
        cardinal_avx2_sweep(acc, pixels, slot, stride, x_c, 0xAA, w_c + 2 * w_channel, left, right);
        cardinal_avx2_sweep(acc, pixels, slot, stride, x_c, 0xFF, w_c + 3 * w_channel, left, right);
      } else {
        for (size_t c = 0; c < channels; ++c, x_c += sizeof(float), w_c += w_channel)
          cardinal_avx2_sweep(acc, pixels, slot, stride, x_c, 0, w_c, left, right);
      }
    }
    x += a->x_block;
    w += KERNEL_W * w_row;
    left_over -= channels;
  }

  const size_t at = (row - pass->row_begin) * pass->to_row + first * CARDINAL_BLOCK;
  float *to = pass->to + at;
  const float *residual = pass->residual ? pass->residual + at : NULL;
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    __m256 sum = acc[p];
    if (residual)
      sum = _mm256_add_ps(sum, _mm256_loadu_ps(residual + p * CARDINAL_BLOCK));
    /* max_ps gives its second operand where either is NaN or both are zeros: ReLU keeps NaN and -0 */
    sum = _mm256_max_ps(pass->epilogue.floor, sum);
    _mm256_storeu_ps(to + p * CARDINAL_BLOCK, _mm256_and_ps(sum, pass->epilogue.mask));
  }
}

/* All rows of a pass, each cut evenly into the fewest tiles. */
CARDINAL_INLINE void cardinal_avx2_pass_run(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, size_t slot,
                                            size_t stride) {
  const size_t tiles = (a->out_width + TILE_PIXELS - 1) / TILE_PIXELS;
  const size_t narrow = a->out_width / tiles, wide = a->out_width % tiles;
  for (size_t row = pass->row_begin; row < pass->row_end; ++row)
    for (size_t tile = 0, first = 0; tile < tiles; ++tile) {
      const size_t pixels = narrow + (tile < wide);
      switch (pixels) {
      case 1:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 1);
        break;
      case 2:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 2);
        break;
      case 3:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 3);
        break;
      case 4:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 4);
        break;
      case 5:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 5);
        break;
      case 6:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 6);
        break;
      case 7:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 7);
        break;
      case 8:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 8);
        break;
      case 9:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 9);
        break;
      case 10:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 10);
        break;
      case 11:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 11);
        break;
      default:
        cardinal_avx2_tile(a, pass, slot, stride, row, first, 12);
        break;
      }
      first += pixels;
    }
}

/* Both halves of a block in rows [row_begin, row_end), all channels in one pass. */
CARDINAL_INLINE void cardinal_avx2_rows(const cardinal_conv_args *a, size_t slot, size_t row_begin, size_t row_end) {
  for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += VECTOR_LANES) {
    const size_t at = row_begin * a->y_row + lane;
    const cardinal_avx2_pass pass = {
        .x = a->x + (slot < CARDINAL_BLOCK ? lane : 0),
        .w = a->w + lane,
        .start = a->bias + lane,
        .to = a->y + at,
        .to_row = a->y_row,
        .residual = a->residual ? a->residual + at : NULL,
        .row_begin = row_begin,
        .row_end = row_end,
        .channels = a->channels,
        .epilogue = cardinal_avx2_epilogue_of(a->relu, a->lane_mask, lane),
    };
    if (a->stride_h == 1)
      cardinal_avx2_pass_run(a, &pass, slot, 1);
    else
      cardinal_avx2_pass_run(a, &pass, slot, 2);
  }
}

#endif
