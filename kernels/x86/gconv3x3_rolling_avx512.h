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
 * Who includes this defines COLUMN(i): zmm30 = the vector that column i of the strip, which is i*64(%rsi), multiplies
 * weights with. zmm31 holds for each lane the lane that it reads, which is its group's first plus the channel.
 */
#ifndef CARDINAL_KERNELS_X86_GCONV3X3_ROLLING_AVX512_H
#define CARDINAL_KERNELS_X86_GCONV3X3_ROLLING_AVX512_H

#include <stdbool.h>

#include "kernels/x86/gconv3x3_avx512.h"

enum {
  STRIDE1_PIXELS = 7,  /* of a strip: 3 rows of sums, 9 weights */
  STRIDE2_PIXELS = 12, /* 2 rows of sums, 6 weights */
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
  float floor;    /* of the sums: 0 with ReLU; minus infinity, below which nothing is, without */
  uint32_t edges; /* LEFT, RIGHT */
  uint32_t one;
  uint32_t lanes[CARDINAL_BLOCK]; /* which one each lane reads of a group's first channel */
} strip;

enum {
  LEFT = 1,
  RIGHT = 2
}; /* a strip's first or last column is padding */
#define UNLESS_LEFT(text) "test $1, %%eax\n jnz 1f\n" text "1:\n"
#define UNLESS_RIGHT(text) "test $2, %%eax\n jnz 1f\n" text "1:\n"

/* Stride 1. Weights of ky = 0 are in zmm21 to zmm23, of ky = 1 in zmm24 to zmm26, of ky = 2 in zmm27 to zmm29; they
 * feed the rows of sums `starting`, `middle` and `ending`. */
#define TAPS1(kx, p, ending, middle, starting)                                                                         \
  "vfmadd231ps %%zmm30, " KY2_##kx ", " SUM(ending, p) "\n"                                                            \
                                                       "vfmadd231ps %%zmm30, " KY1_##kx                                \
      ", " SUM(middle, p) "\n"                                                                                         \
                          "vfmadd231ps %%zmm30, " KY0_##kx ", " SUM(starting, p) "\n"
#define KY0_0 "%%zmm21"
#define KY0_1 "%%zmm22"
#define KY0_2 "%%zmm23"
#define KY1_0 "%%zmm24"
#define KY1_1 "%%zmm25"
#define KY1_2 "%%zmm26"
#define KY2_0 "%%zmm27"
#define KY2_1 "%%zmm28"
#define KY2_2 "%%zmm29"
#define COLUMNS1_1(e, m, s) UNLESS_LEFT(COLUMN(0) TAPS1(0, 0, e, m, s))
#define COLUMNS1_2(e, m, s) COLUMNS1_1(e, m, s) COLUMN(1) TAPS1(0, 1, e, m, s) TAPS1(1, 0, e, m, s)
#define COLUMN1(i, p, q, r, e, m, s) COLUMN(i) TAPS1(0, p, e, m, s) TAPS1(1, q, e, m, s) TAPS1(2, r, e, m, s)
#define COLUMNS1_3(e, m, s) COLUMNS1_2(e, m, s) COLUMN1(2, 2, 1, 0, e, m, s)
#define COLUMNS1_4(e, m, s) COLUMNS1_3(e, m, s) COLUMN1(3, 3, 2, 1, e, m, s)
#define COLUMNS1_5(e, m, s) COLUMNS1_4(e, m, s) COLUMN1(4, 4, 3, 2, e, m, s)
#define COLUMNS1_6(e, m, s) COLUMNS1_5(e, m, s) COLUMN1(5, 5, 4, 3, e, m, s)
#define COLUMNS1_7(e, m, s) COLUMNS1_6(e, m, s) COLUMN1(6, 6, 5, 4, e, m, s)
#define COLUMNS1_END(i, j, p, q, e, m, s)                                                                              \
  COLUMN(i) TAPS1(1, p, e, m, s) TAPS1(2, q, e, m, s) UNLESS_RIGHT(COLUMN(j) TAPS1(2, p, e, m, s))
#define SWEEP1_1(e, m, s)                                                                                              \
  COLUMNS1_1(e, m, s) COLUMN(1) TAPS1(1, 0, e, m, s) UNLESS_RIGHT(COLUMN(2) TAPS1(2, 0, e, m, s))
#define SWEEP1_2(e, m, s) COLUMNS1_2(e, m, s) COLUMNS1_END(2, 3, 1, 0, e, m, s)
#define SWEEP1_3(e, m, s) COLUMNS1_3(e, m, s) COLUMNS1_END(3, 4, 2, 1, e, m, s)
#define SWEEP1_4(e, m, s) COLUMNS1_4(e, m, s) COLUMNS1_END(4, 5, 3, 2, e, m, s)
#define SWEEP1_5(e, m, s) COLUMNS1_5(e, m, s) COLUMNS1_END(5, 6, 4, 3, e, m, s)
#define SWEEP1_6(e, m, s) COLUMNS1_6(e, m, s) COLUMNS1_END(6, 7, 5, 4, e, m, s)
#define SWEEP1_7(e, m, s) COLUMNS1_7(e, m, s) COLUMNS1_END(7, 8, 6, 5, e, m, s)

/* Stride 2. The input rows between two output rows feed both, `ending` with weights of ky = 2 in zmm24 to zmm26,
 * `starting` with weights of ky = 0 in zmm27 to zmm29. The others feed one, with weights of ky = 1 in zmm24 to zmm26.
 */
#define TAP2(kx, p, first) "vfmadd231ps %%zmm30, " KY1_##kx ", " SUM(first, p) "\n"
#define TAPS2(kx, p, ending, starting) TAP2(kx, p, ending) "vfmadd231ps %%zmm30, " KY2_##kx ", " SUM(starting, p) "\n"
#define PAIRS2_1(taps, ...) UNLESS_LEFT(COLUMN(0) taps(0, 0, __VA_ARGS__)) COLUMN(1) taps(1, 0, __VA_ARGS__)
#define PAIR2(i, j, p, q, taps, ...)                                                                                   \
  COLUMN(i) taps(0, p, __VA_ARGS__) taps(2, q, __VA_ARGS__) COLUMN(j) taps(1, p, __VA_ARGS__)
#define PAIRS2_2(taps, ...) PAIRS2_1(taps, __VA_ARGS__) PAIR2(2, 3, 1, 0, taps, __VA_ARGS__)
#define PAIRS2_3(taps, ...) PAIRS2_2(taps, __VA_ARGS__) PAIR2(4, 5, 2, 1, taps, __VA_ARGS__)
#define PAIRS2_4(taps, ...) PAIRS2_3(taps, __VA_ARGS__) PAIR2(6, 7, 3, 2, taps, __VA_ARGS__)
#define PAIRS2_5(taps, ...) PAIRS2_4(taps, __VA_ARGS__) PAIR2(8, 9, 4, 3, taps, __VA_ARGS__)
#define PAIRS2_6(taps, ...) PAIRS2_5(taps, __VA_ARGS__) PAIR2(10, 11, 5, 4, taps, __VA_ARGS__)
#define PAIRS2_7(taps, ...) PAIRS2_6(taps, __VA_ARGS__) PAIR2(12, 13, 6, 5, taps, __VA_ARGS__)
#define PAIRS2_8(taps, ...) PAIRS2_7(taps, __VA_ARGS__) PAIR2(14, 15, 7, 6, taps, __VA_ARGS__)
#define PAIRS2_9(taps, ...) PAIRS2_8(taps, __VA_ARGS__) PAIR2(16, 17, 8, 7, taps, __VA_ARGS__)
#define PAIRS2_10(taps, ...) PAIRS2_9(taps, __VA_ARGS__) PAIR2(18, 19, 9, 8, taps, __VA_ARGS__)
#define PAIRS2_11(taps, ...) PAIRS2_10(taps, __VA_ARGS__) PAIR2(20, 21, 10, 9, taps, __VA_ARGS__)
#define PAIRS2_12(taps, ...) PAIRS2_11(taps, __VA_ARGS__) PAIR2(22, 23, 11, 10, taps, __VA_ARGS__)
#define LAST2(i, p, taps, ...) UNLESS_RIGHT(COLUMN(i) taps(2, p, __VA_ARGS__))
#define SWEEP2_1(taps, ...) PAIRS2_1(taps, __VA_ARGS__) LAST2(2, 0, taps, __VA_ARGS__)
#define SWEEP2_2(taps, ...) PAIRS2_2(taps, __VA_ARGS__) LAST2(4, 1, taps, __VA_ARGS__)
#define SWEEP2_3(taps, ...) PAIRS2_3(taps, __VA_ARGS__) LAST2(6, 2, taps, __VA_ARGS__)
#define SWEEP2_4(taps, ...) PAIRS2_4(taps, __VA_ARGS__) LAST2(8, 3, taps, __VA_ARGS__)
#define SWEEP2_5(taps, ...) PAIRS2_5(taps, __VA_ARGS__) LAST2(10, 4, taps, __VA_ARGS__)
#define SWEEP2_6(taps, ...) PAIRS2_6(taps, __VA_ARGS__) LAST2(12, 5, taps, __VA_ARGS__)
#define SWEEP2_7(taps, ...) PAIRS2_7(taps, __VA_ARGS__) LAST2(14, 6, taps, __VA_ARGS__)
#define SWEEP2_8(taps, ...) PAIRS2_8(taps, __VA_ARGS__) LAST2(16, 7, taps, __VA_ARGS__)
#define SWEEP2_9(taps, ...) PAIRS2_9(taps, __VA_ARGS__) LAST2(18, 8, taps, __VA_ARGS__)
#define SWEEP2_10(taps, ...) PAIRS2_10(taps, __VA_ARGS__) LAST2(20, 9, taps, __VA_ARGS__)
#define SWEEP2_11(taps, ...) PAIRS2_11(taps, __VA_ARGS__) LAST2(22, 10, taps, __VA_ARGS__)
#define SWEEP2_12(taps, ...) PAIRS2_12(taps, __VA_ARGS__) LAST2(24, 11, taps, __VA_ARGS__)

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
  "vmovdqu32 %c[lanes](%[t]), %%zmm31\n"                                                                               \
  "2:\n" weights sweep "vpaddd %c[one](%[t])%{1to16%}, %%zmm31, %%zmm31\n"                                             \
  "add $%c[channel_bytes], %%rdi\n"                                                                                    \
  "dec %%rcx\n"                                                                                                        \
  "jnz 2b\n"                                                                                                           \
  "3: add %c[x_row](%[t]), %%rsi\n"
#define ROW1(pixels, e, m, s)                                                                                          \
  ROW(WEIGHTS("(%%rdi)", KY0_0, KY0_1, KY0_2) WEIGHTS("(%%rdi, %%r8)", KY1_0, KY1_1, KY1_2)                            \
          WEIGHTS("(%%rdi, %%r8, 2)", KY2_0, KY2_1, KY2_2),                                                            \
      SWEEP1_##pixels(e, m, s))
#define ROW2_SHARED(pixels, e, s)                                                                                      \
  ROW(WEIGHTS("(%%rdi, %%r8, 2)", KY1_0, KY1_1, KY1_2) WEIGHTS("(%%rdi)", KY2_0, KY2_1, KY2_2),                        \
      SWEEP2_##pixels(TAPS2, e, s))
#define ROW2_MIDDLE(pixels, first) ROW(WEIGHTS("(%%rdi, %%r8)", KY1_0, KY1_1, KY1_2), SWEEP2_##pixels(TAP2, first))

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
        [floor] "i"(offsetof(strip, floor)), [edges] "i"(offsetof(strip, edges)), [one] "i"(offsetof(strip, one)),     \
        [lanes] "i"(offsetof(strip, lanes)), [channel_bytes] "i"(CHANNEL_BYTES)                                        \
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "k1", ZMM_0_TO_15, ZMM_16_TO_31, "cc", "memory")

/* The first output row ends with the third input row, or with stride 2 the second that is shared. */
#define STRIP1(pixels)                                                                                                 \
  STRIP("2", EACH_##pixels(BEGIN, 0) EACH_##pixels(BEGIN, 7) EACH_##pixels(BEGIN, 14) "6:\n" ROW1(pixels, 0, 7, 14)    \
                 END_ROW(pixels, 0) ROW1(pixels, 7, 14, 0) END_ROW(pixels, 7) ROW1(pixels, 14, 0, 7)                   \
                     END_ROW(pixels, 14) "jmp 6b\n")
#define STRIP2(pixels)                                                                                                 \
  STRIP("1",                                                                                                           \
        EACH_##pixels(BEGIN, 0) EACH_##pixels(BEGIN, 12) "6:\n" ROW2_SHARED(pixels, 0, 12) END_ROW(pixels, 0)          \
            ROW2_MIDDLE(pixels, 12) ROW2_SHARED(pixels, 12, 0) END_ROW(pixels, 12) ROW2_MIDDLE(pixels, 0) "jmp 6b\n")

static void strip_of_stride1(const strip *t, size_t pixels) {
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

static void strip_of_stride2(const strip *t, size_t pixels) {
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
  case 10:
    STRIP2(10);
    break;
  case 11:
    STRIP2(11);
    break;
  default:
    STRIP2(12);
  }
}

/* `count` strips of `pixels` pixels from column `first` on. */
CARDINAL_INLINE void strips(const cardinal_conv_args *a, strip *t, size_t first, size_t pixels, size_t count) {
  const size_t stride = a->stride_h;
  for (const size_t end = first + count * pixels; first < end; first += pixels) {
    const ptrdiff_t column = (ptrdiff_t)(first * stride) - (ptrdiff_t)a->pad_left;
    const size_t last_column = (first + pixels - 1) * stride + 2;
    t->x_begin = (const char *)a->x + column * PIXEL_BYTES;
    t->x_end = t->x_begin + a->in_height * t->x_row;
    t->x = t->x_begin + ((ptrdiff_t)(a->row_begin * stride) - (ptrdiff_t)a->pad_top) * (ptrdiff_t)t->x_row;
    t->y = a->y + a->row_begin * a->y_row + first * CARDINAL_BLOCK;
    t->edges = (column < 0 ? LEFT : 0) | (last_column >= a->in_width + a->pad_left ? RIGHT : 0);
    if (stride == 1)
      strip_of_stride1(t, pixels);
    else
      strip_of_stride2(t, pixels);
  }
}

/* The whole kernel for groups in slots of `slot` lanes. */
CARDINAL_INLINE void cardinal_avx512_rolling(const cardinal_conv_args *a, uint32_t slot) {
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
      .one = 1,
  };
  for (uint32_t lane = 0; lane < CARDINAL_BLOCK; ++lane)
    t.lanes[lane] = lane & ~(slot - 1);
  const cardinal_avx512_cut cut =
      cardinal_avx512_cut_of(a->out_width, a->stride_h == 1 ? STRIDE1_PIXELS : STRIDE2_PIXELS);
  strips(a, &t, 0, cut.longer, cut.longer_count);
  strips(a, &t, cut.longer * cut.longer_count, cut.shorter, cut.shorter_count);
}

#endif
