/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 3×3 with groups that fill whole blocks, or one group: an input value goes to all lanes.
 *
 * A tile is up to four segments, each up to 7 neighbouring pixels of an output row, a quarter of a row of 28 or all of
 * a row of 7: 28 sums share the weights of a channel. Each segment sweeps its input columns in ascending order, and
 * each column feeds the taps kx = 0, 1, 2 of the pixels it touches, so that every sum meets its taps in the canonical
 * order. What lies in the padding, a column or a whole row of a segment, is jumped over.
 *
 * How a value gets into all lanes is a matter of ports. As an operand of each FMA that broadcasts itself, it is loaded
 * up to three times: 87 loads for 84 FMAs, when CPUs load two vectors in the time of two FMAs. Loaded by an instruction
 * of its own, once, it takes up a floating-point pipe of Zen 4 that an FMA could have used. So a few columns are loaded
 * once.
 */
#include <stdbool.h>

#include "kernels/cut.h"
#include "kernels/x86/gconv3x3_avx512.h"

enum {
  SEGMENT_PIXELS = 7,
  SEGMENTS = 4,
  KERNEL = 3,
  PIXEL_BYTES = CARDINAL_BLOCK * sizeof(float),
  CHANNEL_BYTES = KERNEL * CARDINAL_BLOCK * sizeof(float)
};

/* What of a segment is padding: its first column, its last one, all of it for the current ky. Four bits a segment of
 * each ky's 16; the fourth bit of the last segment says that a ky has nothing but padding. */
enum {
  LEFT = 1,
  RIGHT = 2,
  WHOLE = 4,
  EDGE_BITS = 4,
  KY_BITS = SEGMENTS * EDGE_BITS,
  NOTHING = 0x8000
};
#define EACH_KY ((uint64_t)1 << 2 * KY_BITS | (uint64_t)1 << KY_BITS | 1)

/* A tile as its assembly sees it; distances are bytes. */
typedef struct tile {
  const char *x;              /* first segment's first column, ky = 0 */
  size_t x_segment[SEGMENTS]; /* from there to each segment's */
  size_t x_row, x_block;
  const float *w;
  size_t channels;
  const float *bias;
  float *y[SEGMENTS];
  ptrdiff_t residual; /* from y */
  uint64_t edges;     /* of ky = 0 lowest */
  uint32_t has_residual, lane_mask;
  float floor; /* of the sums: 0 with ReLU; minus infinity, below which nothing is, without */
} tile;

/* Weights of kx = 0, 1, 2 are in zmm28 to zmm30. `at` is the address of a segment. */
#define WEIGHT_0 "%%zmm28"
#define WEIGHT_1 "%%zmm29"
#define WEIGHT_2 "%%zmm30"
#define TAP(i, kx, p, at, first) "vfmadd231ps " #i "*64" at "%{1to16%}, " WEIGHT_##kx ", " SUM(first, p) "\n"
#define LOAD(i, at) "vbroadcastss " #i "*64" at ", %%zmm31\n"
#define TAP_LOADED(kx, p, first) "vfmadd231ps %%zmm31, " WEIGHT_##kx ", " SUM(first, p) "\n"
#define UNLESS(edge, text) "test $" edge ", %%eax\n jnz 1f\n" text "1:\n"

/* Stride 1: column p starts pixel p, is the middle of the one before and the end of the one before that. */
#define COLUMNS1_1(left, at, f) UNLESS(left, TAP(0, 0, 0, at, f))
#define COLUMNS1_2(left, at, f) COLUMNS1_1(left, at, f) TAP(1, 0, 1, at, f) TAP(1, 1, 0, at, f)
#define COLUMN1(p, q, r, at, f) TAP(p, 0, p, at, f) TAP(p, 1, q, at, f) TAP(p, 2, r, at, f)
#define COLUMN1_LOADED(p, q, r, at, f) LOAD(p, at) TAP_LOADED(0, p, f) TAP_LOADED(1, q, f) TAP_LOADED(2, r, f)
#define COLUMNS1_3(left, at, f) COLUMNS1_2(left, at, f) COLUMN1_LOADED(2, 1, 0, at, f)
#define COLUMNS1_4(left, at, f) COLUMNS1_3(left, at, f) COLUMN1(3, 2, 1, at, f)
#define COLUMNS1_5(left, at, f) COLUMNS1_4(left, at, f) COLUMN1(4, 3, 2, at, f)
#define COLUMNS1_6(left, at, f) COLUMNS1_5(left, at, f) COLUMN1_LOADED(5, 4, 3, at, f)
#define COLUMNS1_7(left, at, f) COLUMNS1_6(left, at, f) COLUMN1(6, 5, 4, at, f)
#define END1(i, j, p, q, right, at, f) TAP(i, 1, p, at, f) TAP(i, 2, q, at, f) UNLESS(right, TAP(j, 2, p, at, f))
#define STRIDE1_1(left, right, at, f) COLUMNS1_1(left, at, f) TAP(1, 1, 0, at, f) UNLESS(right, TAP(2, 2, 0, at, f))
#define STRIDE1_2(left, right, at, f) COLUMNS1_2(left, at, f) END1(2, 3, 1, 0, right, at, f)
#define STRIDE1_3(left, right, at, f) COLUMNS1_3(left, at, f) END1(3, 4, 2, 1, right, at, f)
#define STRIDE1_4(left, right, at, f) COLUMNS1_4(left, at, f) END1(4, 5, 3, 2, right, at, f)
#define STRIDE1_5(left, right, at, f) COLUMNS1_5(left, at, f) END1(5, 6, 4, 3, right, at, f)
#define STRIDE1_6(left, right, at, f) COLUMNS1_6(left, at, f) END1(6, 7, 5, 4, right, at, f)
#define STRIDE1_7(left, right, at, f) COLUMNS1_7(left, at, f) END1(7, 8, 6, 5, right, at, f)

/* Stride 2: column 2p starts pixel p and ends the one before it, column 2p + 1 is p's middle. */
#define PAIRS2_1(left, at, f) UNLESS(left, TAP(0, 0, 0, at, f)) TAP(1, 1, 0, at, f)
#define PAIR2(i, j, p, q, at, f) TAP(i, 0, p, at, f) TAP(i, 2, q, at, f) TAP(j, 1, p, at, f)
#define PAIR2_LOADED(i, j, p, q, at, f) LOAD(i, at) TAP_LOADED(0, p, f) TAP_LOADED(2, q, f) TAP(j, 1, p, at, f)
#define PAIRS2_2(left, at, f) PAIRS2_1(left, at, f) PAIR2_LOADED(2, 3, 1, 0, at, f)
#define PAIRS2_3(left, at, f) PAIRS2_2(left, at, f) PAIR2(4, 5, 2, 1, at, f)
#define PAIRS2_4(left, at, f) PAIRS2_3(left, at, f) PAIR2_LOADED(6, 7, 3, 2, at, f)
#define PAIRS2_5(left, at, f) PAIRS2_4(left, at, f) PAIR2(8, 9, 4, 3, at, f)
#define PAIRS2_6(left, at, f) PAIRS2_5(left, at, f) PAIR2_LOADED(10, 11, 5, 4, at, f)
#define PAIRS2_7(left, at, f) PAIRS2_6(left, at, f) PAIR2(12, 13, 6, 5, at, f)
#define STRIDE2_1(left, right, at, f) PAIRS2_1(left, at, f) UNLESS(right, TAP(2, 2, 0, at, f))
#define STRIDE2_2(left, right, at, f) PAIRS2_2(left, at, f) UNLESS(right, TAP(4, 2, 1, at, f))
#define STRIDE2_3(left, right, at, f) PAIRS2_3(left, at, f) UNLESS(right, TAP(6, 2, 2, at, f))
#define STRIDE2_4(left, right, at, f) PAIRS2_4(left, at, f) UNLESS(right, TAP(8, 2, 3, at, f))
#define STRIDE2_5(left, right, at, f) PAIRS2_5(left, at, f) UNLESS(right, TAP(10, 2, 4, at, f))
#define STRIDE2_6(left, right, at, f) PAIRS2_6(left, at, f) UNLESS(right, TAP(12, 2, 5, at, f))
#define STRIDE2_7(left, right, at, f) PAIRS2_7(left, at, f) UNLESS(right, TAP(14, 2, 6, at, f))

/* The sweep of a channel over each segment. */
#define SEGMENT(sweep, left, right, whole, at, first)                                                                  \
  "test $" whole ", %%eax\n jnz 2f\n" sweep(left, right, at, first) "2:\n"
#define SWEEP_1(sweep) SEGMENT(sweep, "1", "2", "4", "(%%rsi)", 0)
#define SWEEP_2(sweep) SWEEP_1(sweep) SEGMENT(sweep, "0x10", "0x20", "0x40", "(%%rsi, %%r8)", 7)
#define SWEEP_3(sweep) SWEEP_2(sweep) SEGMENT(sweep, "0x100", "0x200", "0x400", "(%%rsi, %%r9)", 14)
#define SWEEP_4(sweep) SWEEP_3(sweep) SEGMENT(sweep, "0x1000", "0x2000", "0x4000", "(%%rsi, %%r10)", 21)

/* For each block of input channels (its x at rbx, rdx channels left with it), each ky (r12), each channel (rcx). */
#define MULTIPLY(sweep)                                                                                                \
  "mov %c[x](%[t]), %%rbx\n"                                                                                           \
  "mov %c[w](%[t]), %%rdi\n"                                                                                           \
  "mov %c[channels](%[t]), %%rdx\n"                                                                                    \
  "mov 8+%c[x_segment](%[t]), %%r8\n"                                                                                  \
  "mov 16+%c[x_segment](%[t]), %%r9\n"                                                                                 \
  "mov 24+%c[x_segment](%[t]), %%r10\n"                                                                                \
  "3: mov $16, %%r13d\n"                                                                                               \
  "cmp %%r13, %%rdx\n"                                                                                                 \
  "cmovb %%rdx, %%r13\n"                                                                                               \
  "mov %%rbx, %%r11\n"                                                                                                 \
  "xor %%r12d, %%r12d\n"                                                                                               \
  "4: movzwl %c[edges](%[t], %%r12, 2), %%eax\n"                                                                       \
  "test $0x8000, %%eax\n"                                                                                              \
  "jz 5f\n"                                                                                                            \
  "imul $%c[channel_bytes], %%r13, %%rcx\n"                                                                            \
  "add %%rcx, %%rdi\n"                                                                                                 \
  "jmp 6f\n"                                                                                                           \
  "5: mov %%r11, %%rsi\n"                                                                                              \
  "mov %%r13, %%rcx\n"                                                                                                 \
  "7: vmovaps (%%rdi), " WEIGHT_0 "\n"                                                                                 \
  "vmovaps 64(%%rdi), " WEIGHT_1 "\n"                                                                                  \
  "vmovaps 128(%%rdi), " WEIGHT_2 "\n" sweep "add $%c[channel_bytes], %%rdi\n"                                         \
  "add $4, %%rsi\n"                                                                                                    \
  "dec %%rcx\n"                                                                                                        \
  "jnz 7b\n"                                                                                                           \
  "6: add %c[x_row](%[t]), %%r11\n"                                                                                    \
  "inc %%r12d\n"                                                                                                       \
  "cmp $3, %%r12d\n"                                                                                                   \
  "jb 4b\n"                                                                                                            \
  "add %c[x_block](%[t]), %%rbx\n"                                                                                     \
  "sub %%r13, %%rdx\n"                                                                                                 \
  "jnz 3b\n"

#define BEGIN_1(pixels) "mov %c[bias](%[t]), %%r11\n" EACH_##pixels(BEGIN, 0)
#define BEGIN_2(pixels) BEGIN_1(pixels) EACH_##pixels(BEGIN, 7)
#define BEGIN_3(pixels) BEGIN_2(pixels) EACH_##pixels(BEGIN, 14)
#define BEGIN_4(pixels) BEGIN_3(pixels) EACH_##pixels(BEGIN, 21)
#define FINISH_SEGMENT(s, pixels, first) "mov 8*" #s "+%c[y](%[t]), %%rdx\n" FINISH(pixels, first)
#define FINISH_1(pixels) "kmovw %c[lane_mask](%[t]), %%k1\n" FINISH_SEGMENT(0, pixels, 0)
#define FINISH_2(pixels) FINISH_1(pixels) FINISH_SEGMENT(1, pixels, 7)
#define FINISH_3(pixels) FINISH_2(pixels) FINISH_SEGMENT(2, pixels, 14)
#define FINISH_4(pixels) FINISH_3(pixels) FINISH_SEGMENT(3, pixels, 21)

#define TILE(segments, stride, pixels)                                                                                 \
  __asm__ volatile(                                                                                                    \
      BEGIN_##segments(pixels) MULTIPLY(SWEEP_##segments(stride##_##pixels)) FINISH_##segments(pixels)                 \
      :                                                                                                                \
      : [t] "r"(t), [x] "i"(offsetof(tile, x)), [x_segment] "i"(offsetof(tile, x_segment)),                            \
        [x_row] "i"(offsetof(tile, x_row)), [x_block] "i"(offsetof(tile, x_block)), [w] "i"(offsetof(tile, w)),        \
        [channels] "i"(offsetof(tile, channels)), [bias] "i"(offsetof(tile, bias)), [y] "i"(offsetof(tile, y)),        \
        [residual] "i"(offsetof(tile, residual)), [edges] "i"(offsetof(tile, edges)),                                  \
        [has_residual] "i"(offsetof(tile, has_residual)), [lane_mask] "i"(offsetof(tile, lane_mask)),                  \
        [floor] "i"(offsetof(tile, floor)), [channel_bytes] "i"(CHANNEL_BYTES)                                         \
      : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "k1", ZMM_0_TO_15,           \
        ZMM_16_TO_31, "cc", "memory");                                                                                 \
  break

#define TILES_OF(segments, stride)                                                                                     \
  static __attribute__((noinline)) void tile_of_##segments##_##stride(const tile *t, size_t pixels) {                  \
    switch (pixels) {                                                                                                  \
    case 1:                                                                                                            \
      TILE(segments, stride, 1);                                                                                       \
    case 2:                                                                                                            \
      TILE(segments, stride, 2);                                                                                       \
    case 3:                                                                                                            \
      TILE(segments, stride, 3);                                                                                       \
    case 4:                                                                                                            \
      TILE(segments, stride, 4);                                                                                       \
    case 5:                                                                                                            \
      TILE(segments, stride, 5);                                                                                       \
    case 6:                                                                                                            \
      TILE(segments, stride, 6);                                                                                       \
    default:                                                                                                           \
      TILE(segments, stride, 7);                                                                                       \
    }                                                                                                                  \
  }
TILES_OF(1, STRIDE1)
TILES_OF(2, STRIDE1)
TILES_OF(3, STRIDE1)
TILES_OF(4, STRIDE1)
TILES_OF(1, STRIDE2)
TILES_OF(2, STRIDE2)
TILES_OF(3, STRIDE2)
TILES_OF(4, STRIDE2)

/* Where an output row begins: in x, at its first column of padding, and in y; and which ky are padding to it. */
typedef struct row_start {
  const char *x;
  float *y;
  uint64_t edges;
} row_start;

CARDINAL_INLINE row_start start_row(const cardinal_conv_args *a, const tile *t, size_t row) {
  const ptrdiff_t top = (ptrdiff_t)(row * a->window.stride_h) - (ptrdiff_t)a->window.pad_top;
  row_start start = {(const char *)a->x + top * (ptrdiff_t)t->x_row - (ptrdiff_t)a->window.pad_left * PIXEL_BYTES,
                     a->y + row * a->y_row, 0};
  for (ptrdiff_t ky = 0; ky < KERNEL; ++ky)
    if (top + ky < 0 || top + ky >= (ptrdiff_t)a->in_height)
      start.edges |= (uint64_t)WHOLE << (KY_BITS * ky);
  return start;
}

/* All rows' segments of `pixels` pixels, `across` of them side by side from column `first` on. */
static void segments(const cardinal_conv_args *a, tile *t, size_t first, size_t pixels, size_t across) {
  static void (*const tile_of[2][SEGMENTS])(const tile *, size_t) = {
      {tile_of_1_STRIDE1, tile_of_2_STRIDE1, tile_of_3_STRIDE1, tile_of_4_STRIDE1},
      {tile_of_1_STRIDE2, tile_of_2_STRIDE2, tile_of_3_STRIDE2, tile_of_4_STRIDE2}};
  const size_t stride = a->window.stride_h, end = first + across * pixels;
  size_t row = a->row_begin, column = first, s = 0;
  for (row_start start = start_row(a, t, row); row < a->row_end;) {
    const char *x = start.x + column * stride * PIXEL_BYTES;
    uint64_t edges = start.edges;
    if (column * stride < a->window.pad_left)
      edges |= LEFT * EACH_KY;
    if ((column + pixels - 1) * stride + KERNEL - 1 >= a->in_width + a->window.pad_left)
      edges |= RIGHT * EACH_KY;
    if (s == 0) {
      t->x = x;
      t->edges = 0;
    }
    t->x_segment[s] = (size_t)(x - t->x);
    t->y[s] = start.y + column * CARDINAL_BLOCK;
    t->edges |= edges << (EDGE_BITS * s++);
    column += pixels;
    if (column == end && ++row < a->row_end) {
      column = first;
      start = start_row(a, t, row);
    }
    if (s == SEGMENTS || row == a->row_end) {
      const uint64_t all = 0x4444 & ((1 << EDGE_BITS * s) - 1); /* WHOLE of each segment */
      for (size_t ky = 0; ky < KERNEL; ++ky)
        if ((t->edges >> (KY_BITS * ky) & all) == all)
          t->edges |= (uint64_t)NOTHING << (KY_BITS * ky);
      tile_of[stride - 1][s - 1](t, pixels);
      s = 0;
    }
  }
}

void cardinal_gconv3x3_f32_w16_avx512(const cardinal_conv_args *a) {
  tile t = {
      .x_row = a->x_row * sizeof(float),
      .x_block = a->x_block * sizeof(float),
      .w = a->w,
      .channels = a->channels,
      .bias = a->bias,
      .residual = a->residual ? (const char *)a->residual - (const char *)a->y : 0,
      .has_residual = a->residual != NULL,
      .lane_mask = a->lane_mask,
      .floor = a->relu ? 0.0f : -__builtin_inff(),
  };
  const cardinal_cut cut = cardinal_cut_evenly(a->out_width, SEGMENT_PIXELS);
  if (cut.longer_count > 0)
    segments(a, &t, 0, cut.longer, cut.longer_count);
  segments(a, &t, cut.longer * cut.longer_count, cut.shorter, cut.shorter_count);
}
