/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 3×3 convolution of blocks whose groups are narrower than a vector, the body of the kernels for widths 1, 4 and 8.
 *
 * A vector of x, made ready for one channel of each group, would be needed for up to nine products: three pixels of
 * each of three output rows. Making it takes a shuffle, and on Intel's cores shuffles and FMAs share a port. So a strip
 * of a few columns goes down the image with the sums of all the output rows that an input row takes part in, three with
 * stride 1 and two with stride 2. Each vector is made once and used for everything, from registers; nothing but x and
 * weights is read, nothing but results is written. The sums of a row meet their taps in the canonical order, since rows
 * come from top to bottom, and in each of them channels, then columns from left to right.
 *
 * Rows of sums change their roles from one input row to the next, so the loop over rows is written out for each.
 *
 * Who includes this defines SLOT, the lanes of a group: 1, 4 or 8.
 */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_ROLLING_AVX512_H
#define CARDINAL_KERNELS_X86_GCONV3X3_ROLLING_AVX512_H

#include <stdbool.h>

#include "kernels/cut.h"
#include "kernels/x86/gconv3x3_avx512.h"

enum {
  STRIDE1_PIXELS = 7,  /* of a strip: 3 rows of sums, 9 weights */
  STRIDE2_PIXELS = 10, /* 2 rows of sums, 6 weights, 5 vectors of x */
  CHANNEL_BYTES = 3 * CARDINAL_BLOCK * sizeof(float),
  PIXEL_BYTES = CARDINAL_BLOCK * sizeof(float)
};

/* A strip as its assembly sees it; distances are bytes. */
typedef struct strip {
  const char *x;               /* row of ky = 0 of the first output row, column of kx = 0 of the first pixel */
  const char *x_begin, *x_end; /* the same column of the image's first row and of the one after its last: rows outside
                                * are padding */
  size_t x_row;
  const float *w;
  size_t channels, w_row; /* w_row: from one ky to the next */
  const float *bias;
  float *y;
  size_t y_row, rows;
  ptrdiff_t residual; /* from y */
  uint32_t has_residual, lane_mask;
  float floor;                          /* of the sums: 0 with ReLU; minus infinity, below which nothing is, without */
  uint32_t edges;                       /* LEFT, RIGHT */
  uint32_t lanes[SLOT][CARDINAL_BLOCK]; /* which lane of x each lane reads, for each channel of the groups */
} strip;

enum {
  LEFT = 1,
  RIGHT = 2
}; /* a strip's first or last column is padding */
#define UNLESS_LEFT(text) "test $1, %%eax\n jnz 1f\n" text "1:\n"
#define UNLESS_RIGHT(text) "test $2, %%eax\n jnz 1f\n" text "1:\n"

#define FMA(x, weight, sum) "vfmadd231ps " weight ", " x ", " sum "\n"

/* What column i of the strip multiplies weights with: in each lane the channel of its group that zmm31 says. */
#if SLOT == 1
#define COLUMN(i, x) "vmovups " #i "*64(%%rsi), " x "\n"
#elif SLOT == 4
/* Shuffles within quarters of a register are the cheapest there are: on Zen 4 and 5 they don't take a pipe from FMAs.
 */
#define COLUMN(i, x)                                                                                                   \
  "vmovups " #i "*64(%%rsi), " x "\n"                                                                                  \
  "vpermilps %%zmm31, " x ", " x "\n"
#else
#define COLUMN(i, x)                                                                                                   \
  "vmovups " #i "*64(%%rsi), " x "\n"                                                                                  \
  "vpermps " x ", %%zmm31, " x "\n"
#endif

/* FMAs would wait for their shuffles: CPUs start the oldest instructions first, so shuffles don't get ahead by
 * themselves. Each column is made one or two columns before its products. */

/* Stride 1. Weights of ky = 0 are in zmm21 to zmm23, of ky = 1 in zmm24 to zmm26, of ky = 2 in zmm27, zmm28 and, for
 * want of registers, memory; they feed the rows of sums `starting`, `middle` and `ending`. */
#define X1_0 "%%zmm29"
#define X1_1 "%%zmm30"
#define KY0_0 "%%zmm21"
#define KY0_1 "%%zmm22"
#define KY0_2 "%%zmm23"
#define KY1_0 "%%zmm24"
#define KY1_1 "%%zmm25"
#define KY1_2 "%%zmm26"
#define KY2_0 "%%zmm27"
#define KY2_1 "%%zmm28"
#define KY2_2 "128(%%rdi, %%r8, 2)"
#define TAPS1(x, kx, p, ending, middle, starting)                                                                      \
  FMA(x, KY2_##kx, SUM(ending, p)) FMA(x, KY1_##kx, SUM(middle, p)) FMA(x, KY0_##kx, SUM(starting, p))
/* Column p starts pixel p, is the middle of the one before and the end of the one before that. */
#define START1(x, p, q, r, ...) TAPS1(x, 0, p, __VA_ARGS__) TAPS1(x, 1, q, __VA_ARGS__) TAPS1(x, 2, r, __VA_ARGS__)
#define END1(x, p, q, ...) TAPS1(x, 1, p, __VA_ARGS__) TAPS1(x, 2, q, __VA_ARGS__)
#define LAST1(i, x, p, ...) UNLESS_RIGHT(COLUMN(i, x) TAPS1(x, 2, p, __VA_ARGS__))
#define PIPE1_1(...) COLUMN(1, X1_1) UNLESS_LEFT(COLUMN(0, X1_0) TAPS1(X1_0, 0, 0, __VA_ARGS__))
#define PIPE1_2(...) PIPE1_1(__VA_ARGS__) COLUMN(2, X1_0) TAPS1(X1_1, 0, 1, __VA_ARGS__) TAPS1(X1_1, 1, 0, __VA_ARGS__)
#define PIPE1_3(...) PIPE1_2(__VA_ARGS__) COLUMN(3, X1_1) START1(X1_0, 2, 1, 0, __VA_ARGS__)
#define PIPE1_4(...) PIPE1_3(__VA_ARGS__) COLUMN(4, X1_0) START1(X1_1, 3, 2, 1, __VA_ARGS__)
#define PIPE1_5(...) PIPE1_4(__VA_ARGS__) COLUMN(5, X1_1) START1(X1_0, 4, 3, 2, __VA_ARGS__)
#define PIPE1_6(...) PIPE1_5(__VA_ARGS__) COLUMN(6, X1_0) START1(X1_1, 5, 4, 3, __VA_ARGS__)
#define PIPE1_7(...) PIPE1_6(__VA_ARGS__) COLUMN(7, X1_1) START1(X1_0, 6, 5, 4, __VA_ARGS__)
#define SWEEP1_1(...) PIPE1_1(__VA_ARGS__) TAPS1(X1_1, 1, 0, __VA_ARGS__) LAST1(2, X1_0, 0, __VA_ARGS__)
#define SWEEP1_2(...) PIPE1_2(__VA_ARGS__) END1(X1_0, 1, 0, __VA_ARGS__) LAST1(3, X1_1, 1, __VA_ARGS__)
#define SWEEP1_3(...) PIPE1_3(__VA_ARGS__) END1(X1_1, 2, 1, __VA_ARGS__) LAST1(4, X1_0, 2, __VA_ARGS__)
#define SWEEP1_4(...) PIPE1_4(__VA_ARGS__) END1(X1_0, 3, 2, __VA_ARGS__) LAST1(5, X1_1, 3, __VA_ARGS__)
#define SWEEP1_5(...) PIPE1_5(__VA_ARGS__) END1(X1_1, 4, 3, __VA_ARGS__) LAST1(6, X1_0, 4, __VA_ARGS__)
#define SWEEP1_6(...) PIPE1_6(__VA_ARGS__) END1(X1_0, 5, 4, __VA_ARGS__) LAST1(7, X1_1, 5, __VA_ARGS__)
#define SWEEP1_7(...) PIPE1_7(__VA_ARGS__) END1(X1_1, 6, 5, __VA_ARGS__) LAST1(8, X1_0, 6, __VA_ARGS__)

/* Stride 2. The input rows between two output rows feed both, `ending` with weights of ky = 2 in zmm20 to zmm22,
 * `starting` with weights of ky = 0 in zmm23 to zmm25. The others feed one, with weights of ky = 1 in zmm20 to zmm22.
 * Five columns are ready at a time. */
#define X2_0 "%%zmm26"
#define X2_1 "%%zmm27"
#define X2_2 "%%zmm28"
#define X2_3 "%%zmm29"
#define X2_4 "%%zmm30"
#define X2_5 X2_0
#define X2_6 X2_1
#define X2_7 X2_2
#define X2_8 X2_3
#define X2_9 X2_4
#define X2_10 X2_5
#define X2_11 X2_6
#define X2_12 X2_7
#define X2_13 X2_8
#define X2_14 X2_9
#define X2_15 X2_10
#define X2_16 X2_11
#define X2_17 X2_12
#define X2_18 X2_13
#define X2_19 X2_14
#define X2_20 X2_15
#define FIRST_0 "%%zmm20"
#define FIRST_1 "%%zmm21"
#define FIRST_2 "%%zmm22"
#define SECOND_0 "%%zmm23"
#define SECOND_1 "%%zmm24"
#define SECOND_2 "%%zmm25"
#define TAP2(i, kx, p, first) FMA(X2_##i, FIRST_##kx, SUM(first, p))
#define TAPS2(i, kx, p, ending, starting)                                                                              \
  FMA(X2_##i, FIRST_##kx, SUM(ending, p)) FMA(X2_##i, SECOND_##kx, SUM(starting, p))
/* Column i = 2p starts pixel p and ends the one before it, q; column i = 2p + 1 is p's middle. */
#define COLUMN2(i) COLUMN(i, X2_##i)
#define EVEN2(i, p, q, taps, ...) taps(i, 0, p, __VA_ARGS__) taps(i, 2, q, __VA_ARGS__)
#define ODD2(i, p, taps, ...) taps(i, 1, p, __VA_ARGS__)
#define FIRST2(taps, ...) UNLESS_LEFT(COLUMN2(0) taps(0, 0, 0, __VA_ARGS__))
#define LAST2(i, p, taps, ...) UNLESS_RIGHT(COLUMN2(i) taps(i, 2, p, __VA_ARGS__))
#define PIPE2_3(...) COLUMN2(1) COLUMN2(2) COLUMN2(3) COLUMN2(4) FIRST2(__VA_ARGS__) COLUMN2(5)
#define PIPE2_4(...) PIPE2_3(__VA_ARGS__) ODD2(1, 0, __VA_ARGS__) COLUMN2(6) EVEN2(2, 1, 0, __VA_ARGS__) COLUMN2(7)
#define PIPE2_5(...) PIPE2_4(__VA_ARGS__) ODD2(3, 1, __VA_ARGS__) COLUMN2(8) EVEN2(4, 2, 1, __VA_ARGS__) COLUMN2(9)
#define PIPE2_6(...) PIPE2_5(__VA_ARGS__) ODD2(5, 2, __VA_ARGS__) COLUMN2(10) EVEN2(6, 3, 2, __VA_ARGS__) COLUMN2(11)
#define PIPE2_7(...) PIPE2_6(__VA_ARGS__) ODD2(7, 3, __VA_ARGS__) COLUMN2(12) EVEN2(8, 4, 3, __VA_ARGS__) COLUMN2(13)
#define PIPE2_8(...) PIPE2_7(__VA_ARGS__) ODD2(9, 4, __VA_ARGS__) COLUMN2(14) EVEN2(10, 5, 4, __VA_ARGS__) COLUMN2(15)
#define PIPE2_9(...) PIPE2_8(__VA_ARGS__) ODD2(11, 5, __VA_ARGS__) COLUMN2(16) EVEN2(12, 6, 5, __VA_ARGS__) COLUMN2(17)
#define PIPE2_10(...) PIPE2_9(__VA_ARGS__) ODD2(13, 6, __VA_ARGS__) COLUMN2(18) EVEN2(14, 7, 6, __VA_ARGS__) COLUMN2(19)
#define END2(h, i, j, p, q, ...) ODD2(h, q, __VA_ARGS__) EVEN2(i, p, q, __VA_ARGS__) ODD2(j, p, __VA_ARGS__)
#define SWEEP2_1(...) COLUMN2(1) FIRST2(__VA_ARGS__) ODD2(1, 0, __VA_ARGS__) LAST2(2, 0, __VA_ARGS__)
#define SWEEP2_2(...)                                                                                                  \
  COLUMN2(1) COLUMN2(2) COLUMN2(3) FIRST2(__VA_ARGS__) END2(1, 2, 3, 1, 0, __VA_ARGS__) LAST2(4, 1, __VA_ARGS__)
#define SWEEP2_3(...)                                                                                                  \
  PIPE2_3(__VA_ARGS__)                                                                                                 \
  ODD2(1, 0, __VA_ARGS__) EVEN2(2, 1, 0, __VA_ARGS__) END2(3, 4, 5, 2, 1, __VA_ARGS__) LAST2(6, 2, __VA_ARGS__)
#define SWEEP2_4(...)                                                                                                  \
  PIPE2_4(__VA_ARGS__)                                                                                                 \
  ODD2(3, 1, __VA_ARGS__) EVEN2(4, 2, 1, __VA_ARGS__) END2(5, 6, 7, 3, 2, __VA_ARGS__) LAST2(8, 3, __VA_ARGS__)
#define SWEEP2_5(...)                                                                                                  \
  PIPE2_5(__VA_ARGS__)                                                                                                 \
  ODD2(5, 2, __VA_ARGS__) EVEN2(6, 3, 2, __VA_ARGS__) END2(7, 8, 9, 4, 3, __VA_ARGS__) LAST2(10, 4, __VA_ARGS__)
#define SWEEP2_6(...)                                                                                                  \
  PIPE2_6(__VA_ARGS__)                                                                                                 \
  ODD2(7, 3, __VA_ARGS__) EVEN2(8, 4, 3, __VA_ARGS__) END2(9, 10, 11, 5, 4, __VA_ARGS__) LAST2(12, 5, __VA_ARGS__)
#define SWEEP2_7(...)                                                                                                  \
  PIPE2_7(__VA_ARGS__)                                                                                                 \
  ODD2(9, 4, __VA_ARGS__) EVEN2(10, 5, 4, __VA_ARGS__) END2(11, 12, 13, 6, 5, __VA_ARGS__) LAST2(14, 6, __VA_ARGS__)
#define SWEEP2_8(...)                                                                                                  \
  PIPE2_8(__VA_ARGS__)                                                                                                 \
  ODD2(11, 5, __VA_ARGS__) EVEN2(12, 6, 5, __VA_ARGS__) END2(13, 14, 15, 7, 6, __VA_ARGS__) LAST2(16, 7, __VA_ARGS__)
#define SWEEP2_9(...)                                                                                                  \
  PIPE2_9(__VA_ARGS__)                                                                                                 \
  ODD2(13, 6, __VA_ARGS__) EVEN2(14, 7, 6, __VA_ARGS__) END2(15, 16, 17, 8, 7, __VA_ARGS__) LAST2(18, 8, __VA_ARGS__)
#define SWEEP2_10(...)                                                                                                 \
  PIPE2_10(__VA_ARGS__)                                                                                                \
  ODD2(15, 7, __VA_ARGS__) EVEN2(16, 8, 7, __VA_ARGS__) END2(17, 18, 19, 9, 8, __VA_ARGS__) LAST2(20, 9, __VA_ARGS__)

/* An input row, if it isn't padding: the sweep of each channel. On to the next row. */
#define WEIGHTS(at, a, b, c)                                                                                           \
  "vmovaps " at ", " a "\n"                                                                                            \
  "vmovaps 64" at ", " b "\n"                                                                                          \
  "vmovaps 128" at ", " c "\n"
#define ROW(weights, sweep)                                                                                            \
  "cmp %c[x_begin](%[t]), %%rsi\n"                                                                                     \
  "jb 3f\n"                                                                                                            \
  "cmp %c[x_end](%[t]), %%rsi\n"                                                                                       \
  "jae 3f\n"                                                                                                           \
  "mov %c[w](%[t]), %%rdi\n"                                                                                           \
  "mov %c[channels](%[t]), %%rcx\n"                                                                                    \
  "lea %c[lanes](%[t]), %%r12\n"                                                                                       \
  "2:\n"                                                                                                               \
  "vmovdqu32 (%%r12), %%zmm31\n" weights sweep "add $64, %%r12\n"                                                      \
  "add $%c[channel_bytes], %%rdi\n"                                                                                    \
  "dec %%rcx\n"                                                                                                        \
  "jnz 2b\n"                                                                                                           \
  "3: add %c[x_row](%[t]), %%rsi\n"
#define ROW1(pixels, e, m, s)                                                                                          \
  ROW(WEIGHTS("(%%rdi)", KY0_0, KY0_1, KY0_2)                                                                          \
          WEIGHTS("(%%rdi, %%r8)", KY1_0, KY1_1, KY1_2) "vmovaps (%%rdi, %%r8, 2), " KY2_0                             \
                                                        "\nvmovaps 64(%%rdi, %%r8, 2), " KY2_1 "\n",                   \
      SWEEP1_##pixels(e, m, s))
#define ROW2_SHARED(pixels, e, s)                                                                                      \
  ROW(WEIGHTS("(%%rdi, %%r8, 2)", FIRST_0, FIRST_1, FIRST_2) WEIGHTS("(%%rdi)", SECOND_0, SECOND_1, SECOND_2),         \
      SWEEP2_##pixels(TAPS2, e, s))
#define ROW2_MIDDLE(pixels, first)                                                                                     \
  ROW(WEIGHTS("(%%rdi, %%r8)", FIRST_0, FIRST_1, FIRST_2), SWEEP2_##pixels(TAP2, first))

/* After an input row: stores the row of sums that ends with it, unless that lies above the first one wanted, and begins
 * a new one in its place; leaves after the last. */
#define END_ROW(pixels, ending)                                                                                        \
  "dec %%r10\n"                                                                                                        \
  "jns 4f\n" FINISH(pixels, ending) "add %c[y_row](%[t]), %%rdx\n"                                                     \
                                    "dec %%r9\n"                                                                       \
                                    "jz 5f\n"                                                                          \
                                    "4:\n" EACH_##pixels(BEGIN, ending)

#define STRIP(above, text)                                                                                             \
  __asm__ volatile(                                                                                                    \
      "mov %c[x](%[t]), %%rsi\n"                                                                                       \
      "mov %c[w_row](%[t]), %%r8\n"                                                                                    \
      "mov %c[rows](%[t]), %%r9\n"                                                                                     \
      "mov $" above ", %%r10\n"                                                                                        \
      "mov %c[bias](%[t]), %%r11\n"                                                                                    \
      "mov %c[y](%[t]), %%rdx\n"                                                                                       \
      "mov %c[edges](%[t]), %%eax\n"                                                                                   \
      "kmovw %c[lane_mask](%[t]), %%k1\n" text "5:\n"                                                                  \
      :                                                                                                                \
      : [t] "r"(t), [x] "i"(offsetof(strip, x)), [x_begin] "i"(offsetof(strip, x_begin)),                              \
        [x_end] "i"(offsetof(strip, x_end)), [x_row] "i"(offsetof(strip, x_row)), [w] "i"(offsetof(strip, w)),         \
        [channels] "i"(offsetof(strip, channels)), [w_row] "i"(offsetof(strip, w_row)),                                \
        [bias] "i"(offsetof(strip, bias)), [y] "i"(offsetof(strip, y)), [y_row] "i"(offsetof(strip, y_row)),           \
        [rows] "i"(offsetof(strip, rows)), [residual] "i"(offsetof(strip, residual)),                                  \
        [has_residual] "i"(offsetof(strip, has_residual)), [lane_mask] "i"(offsetof(strip, lane_mask)),                \
        [floor] "i"(offsetof(strip, floor)), [edges] "i"(offsetof(strip, edges)), [lanes] "i"(offsetof(strip, lanes)), \
        [channel_bytes] "i"(CHANNEL_BYTES)                                                                             \
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "k1", ZMM_0_TO_15, ZMM_16_TO_31, "cc",     \
        "memory")

/* The first output row ends with the third input row, or with stride 2 the second that is shared. */
#define STRIP1(pixels)                                                                                                 \
  STRIP("2", EACH_##pixels(BEGIN, 0) EACH_##pixels(BEGIN, 7) EACH_##pixels(BEGIN, 14) "7:\n" ROW1(pixels, 0, 7, 14)    \
                 END_ROW(pixels, 0) ROW1(pixels, 7, 14, 0) END_ROW(pixels, 7) ROW1(pixels, 14, 0, 7)                   \
                     END_ROW(pixels, 14) "jmp 7b\n")
#define STRIP2(pixels)                                                                                                 \
  STRIP("1",                                                                                                           \
        EACH_##pixels(BEGIN, 0) EACH_##pixels(BEGIN, 10) "7:\n" ROW2_SHARED(pixels, 0, 10) END_ROW(pixels, 0)          \
            ROW2_MIDDLE(pixels, 10) ROW2_SHARED(pixels, 10, 0) END_ROW(pixels, 10) ROW2_MIDDLE(pixels, 0) "jmp 7b\n")

static __attribute__((noinline)) void strip_of_stride1(const strip *t, size_t pixels) {
  switch (pixels) {
  case 1:
    STRIP1(1);
    break;
  case 2:
    STRIP1(2);
    break;
  case 3:
    STRIP1(3);
    break;
  case 4:
    STRIP1(4);
    break;
  case 5:
    STRIP1(5);
    break;
  case 6:
    STRIP1(6);
    break;
  default:
    STRIP1(7);
  }
}

static __attribute__((noinline)) void strip_of_stride2(const strip *t, size_t pixels) {
  switch (pixels) {
  case 1:
    STRIP2(1);
    break;
  case 2:
    STRIP2(2);
    break;
  case 3:
    STRIP2(3);
    break;
  case 4:
    STRIP2(4);
    break;
  case 5:
    STRIP2(5);
    break;
  case 6:
    STRIP2(6);
    break;
  case 7:
    STRIP2(7);
    break;
  case 8:
    STRIP2(8);
    break;
  case 9:
    STRIP2(9);
    break;
  default:
    STRIP2(10);
  }
}

/* `count` strips of `pixels` pixels from column `first` on. */
CARDINAL_INLINE void strips(const cardinal_conv_args *a, strip *t, size_t first, size_t pixels, size_t count) {
  const size_t stride = a->window.stride_h;
  for (const size_t end = first + count * pixels; first < end; first += pixels) {
    const ptrdiff_t column = (ptrdiff_t)(first * stride) - (ptrdiff_t)a->window.pad_left;
    const size_t last_column = (first + pixels - 1) * stride + 2;
    t->x_begin = (const char *)a->x + column * PIXEL_BYTES;
    t->x_end = t->x_begin + a->in_height * t->x_row;
    t->x = t->x_begin + ((ptrdiff_t)(a->row_begin * stride) - (ptrdiff_t)a->window.pad_top) * (ptrdiff_t)t->x_row;
    t->y = a->y + a->row_begin * a->y_row + first * CARDINAL_BLOCK;
    t->edges = (column < 0 ? LEFT : 0) | (last_column >= a->in_width + a->window.pad_left ? RIGHT : 0);
    if (stride == 1)
      strip_of_stride1(t, pixels);
    else
      strip_of_stride2(t, pixels);
  }
}

/* The whole kernel. */
CARDINAL_INLINE void cardinal_avx512_rolling(const cardinal_conv_args *a) {
  if (a->row_begin == a->row_end)
    return;
  strip t = {
      .x_row = a->x_row * sizeof(float),
      .w = a->w,
      .channels = a->channels,
      .w_row = a->channels * CHANNEL_BYTES,
      .bias = a->bias,
      .y_row = a->y_row * sizeof(float),
      .rows = a->row_end - a->row_begin,
      .residual = a->residual ? (const char *)a->residual - (const char *)a->y : 0,
      .has_residual = a->residual != NULL,
      .lane_mask = a->lane_mask,
      .floor = a->relu ? 0.0f : -__builtin_inff(),
  };
  for (uint32_t channel = 0; channel < SLOT; ++channel)
    for (uint32_t lane = 0; lane < CARDINAL_BLOCK; ++lane)
      t.lanes[channel][lane] = lane - lane % SLOT + channel;
  const cardinal_cut cut = cardinal_cut_evenly(a->out_width, a->window.stride_h == 1 ? STRIDE1_PIXELS : STRIDE2_PIXELS);
  strips(a, &t, 0, cut.longer, cut.longer_count);
  strips(a, &t, cut.longer * cut.longer_count, cut.shorter, cut.shorter_count);
}

#endif
