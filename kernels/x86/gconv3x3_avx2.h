/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 3×3 convolution of 8 output lanes, the body of all gconv3x3 kernels for AVX2. They differ only in how a vector of
 * input values comes from memory, which the slot's width tells.
 *
 * A tile is up to 12 pixels, each an accumulator of 8 lanes. For each input channel the tile sweeps the input columns
 * in ascending order, and each column's vector feeds the taps kx = 0, 1, 2 of the pixels it touches: every accumulator
 * meets its taps in the canonical order, a vector is loaded once for three products, and three vectors of weights stay
 * in registers. 12 + 3 + 1 fill the 16 registers.
 *
 * FMAs take 4 cycles and two start in each, so a tile keeps the FMA units busy from 8 pixels on. Rows are cut evenly to
 * get there; where a row's width doesn't allow it (7 and 14 above all), tiles span two or three rows.
 */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_AVX2_H
#define CARDINAL_KERNELS_X86_GCONV3X3_AVX2_H

#include "kernels/cut.h"
#include "kernels/x86/avx2.h"

enum {
  VECTOR_LANES = 8,
  KERNEL_H = 3,
  KERNEL_W = 3,
  TILE_PIXELS = 12,
  MOST_ROWS = 3,    /* of a tile */
  LEAST_PIXELS = 3, /* in each row of a tile of several */
  PIXEL_BYTES = CARDINAL_BLOCK * sizeof(float),
  W_CHANNEL = KERNEL_W * CARDINAL_BLOCK /* packed weights of one channel and one ky */
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

/* What of a tile's window lies in the padding: a column, or all of a row for the current ky. */
enum {
  LEFT = 1,
  RIGHT = 2,
  TOP = 4,
  BOTTOM = 8
};

/*
 * The sweep of one channel and one ky in assembly, since both compilers spill accumulators when they schedule it
 * themselves. ymm12 to ymm14 hold the weights of kx = 0, 1, 2, ymm15 the input vector; `load` is the instruction, up to
 * its address, that makes it. A tile's rows are called a, b and c, their accumulators a0, a1, ..., b0, ...
 */
#define AT_a "(%[x])"
#define AT_b "(%[x], %[step])"
#define AT_c "(%[x], %[step], 2)"
#define COLUMN(load, row, i) load #i "*64" AT_##row ", %%ymm15\n"
#define TAP0(row, p) "vfmadd231ps %%ymm15, %%ymm12, %[" #row #p "]\n"
#define TAP1(row, p) "vfmadd231ps %%ymm15, %%ymm13, %[" #row #p "]\n"
#define TAP2(row, p) "vfmadd231ps %%ymm15, %%ymm14, %[" #row #p "]\n"
#define UNLESS_LEFT(text) "testl $1, %[edges]\n jnz 1f\n" text "1:\n"
#define UNLESS_RIGHT(text) "testl $2, %[edges]\n jnz 1f\n" text "1:\n"
#define UNLESS_TOP(text) "testl $4, %[edges]\n jnz 2f\n" text "2:\n"
#define UNLESS_BOTTOM(text) "testl $8, %[edges]\n jnz 2f\n" text "2:\n"

/* Stride 1: column p starts pixel p, is the middle of the one before and the end of the one before that. */
#define START_1(load, row) UNLESS_LEFT(COLUMN(load, row, 0) TAP0(row, 0))
#define START_2(load, row) START_1(load, row) COLUMN(load, row, 1) TAP0(row, 1) TAP1(row, 0)
#define START(load, row, p, q, r) COLUMN(load, row, p) TAP0(row, p) TAP1(row, q) TAP2(row, r)
#define START_3(load, row) START_2(load, row) START(load, row, 2, 1, 0)
#define START_4(load, row) START_3(load, row) START(load, row, 3, 2, 1)
#define START_5(load, row) START_4(load, row) START(load, row, 4, 3, 2)
#define START_6(load, row) START_5(load, row) START(load, row, 5, 4, 3)
#define START_7(load, row) START_6(load, row) START(load, row, 6, 5, 4)
#define START_8(load, row) START_7(load, row) START(load, row, 7, 6, 5)
#define START_9(load, row) START_8(load, row) START(load, row, 8, 7, 6)
#define START_10(load, row) START_9(load, row) START(load, row, 9, 8, 7)
#define START_11(load, row) START_10(load, row) START(load, row, 10, 9, 8)
#define START_12(load, row) START_11(load, row) START(load, row, 11, 10, 9)
#define END(load, row, i, j, p, q)                                                                                     \
  COLUMN(load, row, i) TAP1(row, p) TAP2(row, q) UNLESS_RIGHT(COLUMN(load, row, j) TAP2(row, p))
#define STRIDE1_1(load, row)                                                                                           \
  START_1(load, row) COLUMN(load, row, 1) TAP1(row, 0) UNLESS_RIGHT(COLUMN(load, row, 2) TAP2(row, 0))
#define STRIDE1_2(load, row) START_2(load, row) END(load, row, 2, 3, 1, 0)
#define STRIDE1_3(load, row) START_3(load, row) END(load, row, 3, 4, 2, 1)
#define STRIDE1_4(load, row) START_4(load, row) END(load, row, 4, 5, 3, 2)
#define STRIDE1_5(load, row) START_5(load, row) END(load, row, 5, 6, 4, 3)
#define STRIDE1_6(load, row) START_6(load, row) END(load, row, 6, 7, 5, 4)
#define STRIDE1_7(load, row) START_7(load, row) END(load, row, 7, 8, 6, 5)
#define STRIDE1_8(load, row) START_8(load, row) END(load, row, 8, 9, 7, 6)
#define STRIDE1_9(load, row) START_9(load, row) END(load, row, 9, 10, 8, 7)
#define STRIDE1_10(load, row) START_10(load, row) END(load, row, 10, 11, 9, 8)
#define STRIDE1_11(load, row) START_11(load, row) END(load, row, 11, 12, 10, 9)
#define STRIDE1_12(load, row) START_12(load, row) END(load, row, 12, 13, 11, 10)

/* Stride 2: column 2p starts pixel p and ends the one before it, column 2p + 1 is p's middle. */
#define PAIR_1(load, row) UNLESS_LEFT(COLUMN(load, row, 0) TAP0(row, 0)) COLUMN(load, row, 1) TAP1(row, 0)
#define PAIR(load, row, i, j, p, q) COLUMN(load, row, i) TAP0(row, p) TAP2(row, q) COLUMN(load, row, j) TAP1(row, p)
#define PAIR_2(load, row) PAIR_1(load, row) PAIR(load, row, 2, 3, 1, 0)
#define PAIR_3(load, row) PAIR_2(load, row) PAIR(load, row, 4, 5, 2, 1)
#define PAIR_4(load, row) PAIR_3(load, row) PAIR(load, row, 6, 7, 3, 2)
#define PAIR_5(load, row) PAIR_4(load, row) PAIR(load, row, 8, 9, 4, 3)
#define PAIR_6(load, row) PAIR_5(load, row) PAIR(load, row, 10, 11, 5, 4)
#define PAIR_7(load, row) PAIR_6(load, row) PAIR(load, row, 12, 13, 6, 5)
#define PAIR_8(load, row) PAIR_7(load, row) PAIR(load, row, 14, 15, 7, 6)
#define PAIR_9(load, row) PAIR_8(load, row) PAIR(load, row, 16, 17, 8, 7)
#define PAIR_10(load, row) PAIR_9(load, row) PAIR(load, row, 18, 19, 9, 8)
#define PAIR_11(load, row) PAIR_10(load, row) PAIR(load, row, 20, 21, 10, 9)
#define PAIR_12(load, row) PAIR_11(load, row) PAIR(load, row, 22, 23, 11, 10)
#define LAST(load, row, i, p) UNLESS_RIGHT(COLUMN(load, row, i) TAP2(row, p))
#define STRIDE2_1(load, row) PAIR_1(load, row) LAST(load, row, 2, 0)
#define STRIDE2_2(load, row) PAIR_2(load, row) LAST(load, row, 4, 1)
#define STRIDE2_3(load, row) PAIR_3(load, row) LAST(load, row, 6, 2)
#define STRIDE2_4(load, row) PAIR_4(load, row) LAST(load, row, 8, 3)
#define STRIDE2_5(load, row) PAIR_5(load, row) LAST(load, row, 10, 4)
#define STRIDE2_6(load, row) PAIR_6(load, row) LAST(load, row, 12, 5)
#define STRIDE2_7(load, row) PAIR_7(load, row) LAST(load, row, 14, 6)
#define STRIDE2_8(load, row) PAIR_8(load, row) LAST(load, row, 16, 7)
#define STRIDE2_9(load, row) PAIR_9(load, row) LAST(load, row, 18, 8)
#define STRIDE2_10(load, row) PAIR_10(load, row) LAST(load, row, 20, 9)
#define STRIDE2_11(load, row) PAIR_11(load, row) LAST(load, row, 22, 10)
#define STRIDE2_12(load, row) PAIR_12(load, row) LAST(load, row, 24, 11)

/* Binds the names of accumulators for tiles of one row, of two with up to 6 pixels and of three with up to 4. */
#define ONE_ROW                                                                                                        \
  [a0] "+x"(acc[0]), [a1] "+x"(acc[1]), [a2] "+x"(acc[2]), [a3] "+x"(acc[3]), [a4] "+x"(acc[4]), [a5] "+x"(acc[5]),    \
      [a6] "+x"(acc[6]), [a7] "+x"(acc[7]), [a8] "+x"(acc[8]), [a9] "+x"(acc[9]), [a10] "+x"(acc[10]),                 \
      [a11] "+x"(acc[11])
#define TWO_ROWS                                                                                                       \
  [a0] "+x"(acc[0]), [a1] "+x"(acc[1]), [a2] "+x"(acc[2]), [a3] "+x"(acc[3]), [a4] "+x"(acc[4]), [a5] "+x"(acc[5]),    \
      [b0] "+x"(acc[6]), [b1] "+x"(acc[7]), [b2] "+x"(acc[8]), [b3] "+x"(acc[9]), [b4] "+x"(acc[10]),                  \
      [b5] "+x"(acc[11])
#define THREE_ROWS                                                                                                     \
  [a0] "+x"(acc[0]), [a1] "+x"(acc[1]), [a2] "+x"(acc[2]), [a3] "+x"(acc[3]), [b0] "+x"(acc[4]), [b1] "+x"(acc[5]),    \
      [b2] "+x"(acc[6]), [b3] "+x"(acc[7]), [c0] "+x"(acc[8]), [c1] "+x"(acc[9]), [c2] "+x"(acc[10]),                  \
      [c3] "+x"(acc[11])
#define SWEEP(rows, text)                                                                                              \
  __asm__("vmovaps (%[w]), %%ymm12\n"                                                                                  \
          "vmovaps 64(%[w]), %%ymm13\n"                                                                                \
          "vmovaps 128(%[w]), %%ymm14\n" text:rows                                                                     \
          : [x] "r"(x), [step] "r"(x_step), [w] "r"(w), [edges] "r"(edges), [lane] "i"(0x55 * channel)                 \
          : "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory")
#define SWEEPS(stride, load)                                                                                           \
  switch (rows * 16 + pixels) {                                                                                        \
  case 16 + 1:                                                                                                         \
    SWEEP(ONE_ROW, stride##_1(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 2:                                                                                                         \
    SWEEP(ONE_ROW, stride##_2(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 3:                                                                                                         \
    SWEEP(ONE_ROW, stride##_3(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 4:                                                                                                         \
    SWEEP(ONE_ROW, stride##_4(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 5:                                                                                                         \
    SWEEP(ONE_ROW, stride##_5(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 6:                                                                                                         \
    SWEEP(ONE_ROW, stride##_6(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 7:                                                                                                         \
    SWEEP(ONE_ROW, stride##_7(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 8:                                                                                                         \
    SWEEP(ONE_ROW, stride##_8(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 9:                                                                                                         \
    SWEEP(ONE_ROW, stride##_9(load, a));                                                                               \
    break;                                                                                                             \
  case 16 + 10:                                                                                                        \
    SWEEP(ONE_ROW, stride##_10(load, a));                                                                              \
    break;                                                                                                             \
  case 16 + 11:                                                                                                        \
    SWEEP(ONE_ROW, stride##_11(load, a));                                                                              \
    break;                                                                                                             \
  case 16 + 12:                                                                                                        \
    SWEEP(ONE_ROW, stride##_12(load, a));                                                                              \
    break;                                                                                                             \
  case 32 + 3:                                                                                                         \
    SWEEP(TWO_ROWS, UNLESS_TOP(stride##_3(load, a)) UNLESS_BOTTOM(stride##_3(load, b)));                               \
    break;                                                                                                             \
  case 32 + 4:                                                                                                         \
    SWEEP(TWO_ROWS, UNLESS_TOP(stride##_4(load, a)) UNLESS_BOTTOM(stride##_4(load, b)));                               \
    break;                                                                                                             \
  case 32 + 5:                                                                                                         \
    SWEEP(TWO_ROWS, UNLESS_TOP(stride##_5(load, a)) UNLESS_BOTTOM(stride##_5(load, b)));                               \
    break;                                                                                                             \
  case 32 + 6:                                                                                                         \
    SWEEP(TWO_ROWS, UNLESS_TOP(stride##_6(load, a)) UNLESS_BOTTOM(stride##_6(load, b)));                               \
    break;                                                                                                             \
  case 48 + 3:                                                                                                         \
    SWEEP(THREE_ROWS, UNLESS_TOP(stride##_3(load, a)) stride##_3(load, b) UNLESS_BOTTOM(stride##_3(load, c)));         \
    break;                                                                                                             \
  case 48 + 4:                                                                                                         \
    SWEEP(THREE_ROWS, UNLESS_TOP(stride##_4(load, a)) stride##_4(load, b) UNLESS_BOTTOM(stride##_4(load, c)));         \
    break;                                                                                                             \
  }

/* Adds the products of one channel and one ky to the sums of `rows` rows of `pixels` pixels, which lie in acc at
 * distances of 12, 6 or 4 for one, two or three rows. x is the address of the first pixel's kx = 0, an integer because
 * it may lie outside the image; output rows are x_step bytes apart in x. With slots of 4, `channel` tells which lane of
 * a slot is broadcast. */
CARDINAL_INLINE void sweep(__m256 acc[TILE_PIXELS], size_t rows, size_t pixels, size_t slot, size_t stride, uintptr_t x,
                           size_t x_step, int channel, const float *w, int edges) {
  if (stride == 1 && slot == 1) {
    SWEEPS(STRIDE1, "vmovups ")
  } else if (stride == 1 && slot == 4) {
    SWEEPS(STRIDE1, "vpermilps %[lane], ")
  } else if (stride == 1) {
    SWEEPS(STRIDE1, "vbroadcastss ")
  } else if (slot == 1) {
    SWEEPS(STRIDE2, "vmovups ")
  } else if (slot == 4) {
    SWEEPS(STRIDE2, "vpermilps %[lane], ")
  } else {
    SWEEPS(STRIDE2, "vbroadcastss ")
  }
}

/* What the tiles of some rows share. */
typedef struct row_job {
  uintptr_t x; /* address of column 0's kx = 0 at ky_begin, an integer because it may lie outside the image */
  const float *w;
  size_t ky_begin, ky_end;       /* the ky that any of the rows has */
  size_t x_row, x_step, x_block; /* bytes to the next ky, the next output row and the next input block */
  size_t channels;
  const float *start;
  size_t start_row, start_pixel;
  float *to;
  size_t to_row;
  const float *residual;
  cardinal_avx2_epilogue epilogue;
  int lacks_top, lacks_bottom; /* of several rows: the first has no ky = 0, the last no ky = 2 */
} row_job;

/* Padding is at most 1, so only the first row can lack its ky = 0 and only the last one its ky = 2. */
CARDINAL_INLINE row_job row_job_of(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, size_t row, size_t rows,
                                   size_t stride) {
  const size_t top = row * stride; /* input row of ky = 0, counted from the padding's */
  const int lacks_top = top < a->window.pad_top;
  const int lacks_bottom = top + (rows - 1) * stride + KERNEL_H > a->in_height + a->window.pad_top;
  const size_t ky_begin = rows == 1 && lacks_top, ky_end = KERNEL_H - (rows == 1 && lacks_bottom);
  const size_t from = row - pass->row_begin;
  const size_t x_row = a->x_row * sizeof(float);
  return (row_job){
      .x = (uintptr_t)pass->x + (top + ky_begin - a->window.pad_top) * x_row -
           (uintptr_t)a->window.pad_left * PIXEL_BYTES,
      .w = pass->w,
      .ky_begin = ky_begin,
      .ky_end = ky_end,
      .x_row = x_row,
      .x_step = x_row * stride,
      .x_block = a->x_block * sizeof(float),
      .channels = pass->channels,
      .start = pass->start + from * pass->start_row,
      .start_row = pass->start_row,
      .start_pixel = pass->start_pixel,
      .to = pass->to + from * pass->to_row,
      .to_row = pass->to_row,
      .residual = pass->residual ? pass->residual + from * pass->to_row : NULL,
      .epilogue = pass->epilogue,
      .lacks_top = lacks_top,
      .lacks_bottom = lacks_bottom,
  };
}

/* One input block, `channels` of it, all ky. */
CARDINAL_INLINE void run_block(const row_job *job, __m256 acc[TILE_PIXELS], size_t rows, size_t pixels, size_t slot,
                               size_t stride, uintptr_t x, const float *w, size_t channels, int sides) {
  w += job->ky_begin * channels * W_CHANNEL;
  const size_t x_row = job->x_row;
  for (size_t left = job->ky_end - job->ky_begin; left > 0; --left, x += x_row) {
    __asm__("" : "+r"(left)); /* a counter in a register; gcc would make it an end in memory */
    int edges = sides;
    if (rows > 1)
      edges |= (left == KERNEL_H && job->lacks_top ? TOP : 0) | (left == 1 && job->lacks_bottom ? BOTTOM : 0);
    if (slot == 1) {
      sweep(acc, rows, pixels, slot, stride, x, job->x_step, 0, w, edges);
      w += W_CHANNEL;
    } else if (slot == 4) {
      sweep(acc, rows, pixels, slot, stride, x, job->x_step, 0, w, edges);
      sweep(acc, rows, pixels, slot, stride, x, job->x_step, 1, w + W_CHANNEL, edges);
      sweep(acc, rows, pixels, slot, stride, x, job->x_step, 2, w + 2 * W_CHANNEL, edges);
      sweep(acc, rows, pixels, slot, stride, x, job->x_step, 3, w + 3 * W_CHANNEL, edges);
      w += 4 * W_CHANNEL;
    } else {
      uintptr_t x_c = x;
      for (size_t c = 0; c < channels; ++c, x_c += sizeof(float), w += W_CHANNEL)
        sweep(acc, rows, pixels, slot, stride, x_c, job->x_step, 0, w, edges);
    }
  }
}

/* `rows`×`pixels` pixels from column `first` on. */
CARDINAL_INLINE void run_tile(const row_job *job, size_t slot, size_t stride, size_t first, int sides, size_t rows,
                              size_t pixels) {
  const size_t most = TILE_PIXELS / rows; /* accumulators a row */
  const float *start = job->start + first * job->start_pixel;
  __m256 acc[TILE_PIXELS];
  CARDINAL_UNROLL
  for (size_t r = 0; r < rows; ++r) {
    CARDINAL_UNROLL
    for (size_t p = 0; p < most; ++p)
      acc[r * most + p] =
          p < pixels ? _mm256_loadu_ps(start + r * job->start_row + p * job->start_pixel) : _mm256_setzero_ps();
  }

  uintptr_t x = job->x + first * stride * PIXEL_BYTES;
  if (slot < CARDINAL_BLOCK) {
    run_block(job, acc, rows, pixels, slot, stride, x, job->w, slot == 8 ? job->channels : slot, sides);
  } else {
    const float *w = job->w;
    for (size_t left = job->channels; left > 0;) {
      const size_t channels = left < CARDINAL_BLOCK ? left : CARDINAL_BLOCK;
      run_block(job, acc, rows, pixels, slot, stride, x, w, channels, sides);
      x += job->x_block;
      w += KERNEL_H * channels * W_CHANNEL;
      left -= channels;
    }
  }

  float *to = job->to + first * CARDINAL_BLOCK;
  const float *residual = job->residual ? job->residual + first * CARDINAL_BLOCK : NULL;
  const cardinal_avx2_epilogue epilogue = job->epilogue;
  CARDINAL_UNROLL
  for (size_t r = 0; r < rows; ++r) {
    CARDINAL_UNROLL
    for (size_t p = 0; p < pixels; ++p) {
      const size_t pixel = r * job->to_row + p * CARDINAL_BLOCK;
      __m256 sum = acc[r * most + p];
      if (residual)
        sum = _mm256_add_ps(sum, _mm256_loadu_ps(residual + pixel));
      /* max_ps gives its second operand where either is NaN or both are zeros: ReLU keeps NaN and -0 */
      sum = _mm256_max_ps(epilogue.floor, sum);
      _mm256_storeu_ps(to + pixel, _mm256_and_ps(sum, epilogue.mask));
    }
  }
}

/* How some rows at once are cut into tiles. */
typedef struct cardinal_avx2_cut {
  size_t rows;
  cardinal_cut columns;
} cardinal_avx2_cut;

static inline cardinal_avx2_cut cut_of(size_t rows, size_t width) {
  return (cardinal_avx2_cut){rows, cardinal_cut_evenly(width, TILE_PIXELS / rows)};
}

/* Half cycles for the products of one channel and one ky: two FMAs start in a cycle, but a tile of less than 8 pixels
 * waits for its chains, 3 FMAs of 4 cycles. */
static inline size_t cost_of(cardinal_avx2_cut cut) {
  const cardinal_cut c = cut.columns;
  const size_t longer = KERNEL_W * cut.rows * c.longer, shorter = KERNEL_W * cut.rows * c.shorter;
  const size_t chain = KERNEL_W * 4 * 2;
  return c.longer_count * (longer > chain ? longer : chain) + c.shorter_count * (shorter > chain ? shorter : chain);
}

/* The fastest cut of at most `rows` rows. */
static inline cardinal_avx2_cut cardinal_avx2_cut_of(size_t rows, size_t width) {
  cardinal_avx2_cut best = cut_of(1, width);
  for (size_t r = 2; r <= rows && r <= MOST_ROWS; ++r) {
    const cardinal_avx2_cut cut = cut_of(r, width);
    if (cut.columns.shorter >= LEAST_PIXELS && cost_of(cut) * best.rows < cost_of(best) * r)
      best = cut;
  }
  return best;
}

/* The tiles of `rows` rows from `row` on. */
CARDINAL_INLINE void run_cut(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, const cardinal_avx2_cut *cut,
                             size_t row, size_t rows, size_t slot, size_t stride) {
  const row_job job = row_job_of(a, pass, row, rows, stride);
  const size_t window_end = (a->out_width - 1) * stride + KERNEL_W;
  const int last = window_end > a->in_width + a->window.pad_left ? RIGHT : 0;
  int sides = a->window.pad_left ? LEFT : 0;
  const size_t tiles = cardinal_cut_tiles(cut->columns);
  for (size_t tile = 0, first = 0; tile < tiles; ++tile) {
    const size_t pixels = cardinal_cut_length(cut->columns, tile);
    if (tile + 1 == tiles)
      sides |= last;
    if (rows == 1) {
      switch (pixels) {
      case 1:
        run_tile(&job, slot, stride, first, sides, 1, 1);
        break;
      case 2:
        run_tile(&job, slot, stride, first, sides, 1, 2);
        break;
      case 3:
        run_tile(&job, slot, stride, first, sides, 1, 3);
        break;
      case 4:
        run_tile(&job, slot, stride, first, sides, 1, 4);
        break;
      case 5:
        run_tile(&job, slot, stride, first, sides, 1, 5);
        break;
      case 6:
        run_tile(&job, slot, stride, first, sides, 1, 6);
        break;
      case 7:
        run_tile(&job, slot, stride, first, sides, 1, 7);
        break;
      case 8:
        run_tile(&job, slot, stride, first, sides, 1, 8);
        break;
      case 9:
        run_tile(&job, slot, stride, first, sides, 1, 9);
        break;
      case 10:
        run_tile(&job, slot, stride, first, sides, 1, 10);
        break;
      case 11:
        run_tile(&job, slot, stride, first, sides, 1, 11);
        break;
      case 12:
        run_tile(&job, slot, stride, first, sides, 1, 12);
        break;
      }
    } else if (rows == 2) {
      switch (pixels) {
      case 3:
        run_tile(&job, slot, stride, first, sides, 2, 3);
        break;
      case 4:
        run_tile(&job, slot, stride, first, sides, 2, 4);
        break;
      case 5:
        run_tile(&job, slot, stride, first, sides, 2, 5);
        break;
      case 6:
        run_tile(&job, slot, stride, first, sides, 2, 6);
        break;
      }
    } else {
      switch (pixels) {
      case 3:
        run_tile(&job, slot, stride, first, sides, 3, 3);
        break;
      case 4:
        run_tile(&job, slot, stride, first, sides, 3, 4);
        break;
      }
    }
    first += pixels;
    sides = 0;
  }
}

/* The tiles of cut->rows rows from `row` on; several_rows, a constant, tells whether these may be more than 1. */
CARDINAL_INLINE void cardinal_avx2_tiles(const cardinal_conv_args *a, const cardinal_avx2_pass *pass,
                                         const cardinal_avx2_cut *cut, size_t row, size_t slot, size_t stride,
                                         int several_rows) {
  if (!several_rows || cut->rows == 1)
    run_cut(a, pass, cut, row, 1, slot, stride);
  else if (cut->rows == 2)
    run_cut(a, pass, cut, row, 2, slot, stride);
  else
    run_cut(a, pass, cut, row, 3, slot, stride);
}

/* The same with the slot and the stride of one kernel; `pass` tells which. */
typedef void cardinal_avx2_tiles_function(const cardinal_conv_args *a, const cardinal_avx2_pass *pass,
                                          const cardinal_avx2_cut *cut, size_t row);

/* Runs passes over the same rows side by side: they share the rows' lines in L1. */
CARDINAL_INLINE void cardinal_avx2_run(const cardinal_conv_args *a, const cardinal_avx2_pass *passes, size_t count,
                                       size_t most_rows, cardinal_avx2_tiles_function *tiles) {
  const size_t row_end = passes[0].row_end;
  cardinal_avx2_cut cut = cardinal_avx2_cut_of(most_rows, a->out_width);
  for (size_t row = passes[0].row_begin; row < row_end; row += cut.rows) {
    if (row_end - row < cut.rows)
      cut = cardinal_avx2_cut_of(row_end - row, a->out_width);
    for (size_t p = 0; p < count; ++p)
      tiles(a, &passes[p], &cut, row);
  }
}

/* Stores zeros in 8 lanes that hold no channels. */
static inline void cardinal_avx2_clear(const cardinal_conv_args *a, size_t lane) {
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column)
      _mm256_storeu_ps(a->y + row * a->y_row + column * CARDINAL_BLOCK + lane, _mm256_setzero_ps());
}

/* Whether any of the 8 lanes from `lane` on holds a channel. */
static inline int cardinal_avx2_half_used(const cardinal_conv_args *a, size_t lane) {
  return (a->lane_mask >> lane & 0xFF) != 0;
}

/* A whole call, all channels in one pass a half. */
CARDINAL_INLINE void cardinal_avx2_one_pass(const cardinal_conv_args *a, size_t slot, size_t most_rows,
                                            cardinal_avx2_tiles_function *tiles) {
  cardinal_avx2_pass halves[CARDINAL_BLOCK / VECTOR_LANES];
  size_t count = 0;
  for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += VECTOR_LANES) {
    if (!cardinal_avx2_half_used(a, lane)) {
      cardinal_avx2_clear(a, lane);
      continue;
    }
    const size_t at = a->row_begin * a->y_row + lane;
    halves[count++] = (cardinal_avx2_pass){
        .x = a->x + (slot < CARDINAL_BLOCK ? lane : 0),
        .w = a->w + lane,
        .start = a->bias + lane,
        .start_row = 0,
        .start_pixel = 0,
        .to = a->y + at,
        .to_row = a->y_row,
        .residual = a->residual ? a->residual + at : NULL,
        .row_begin = a->row_begin,
        .row_end = a->row_end,
        .channels = a->channels,
        .epilogue = cardinal_avx2_epilogue_of(a->relu, a->lane_mask, lane),
    };
  }
  if (count)
    cardinal_avx2_run(a, halves, count, most_rows, tiles);
}

#endif
