/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1×1 convolution in tiles of 14 pixels × 32 output channels: 28 accumulators, 2 vectors of weights, and one input
 * value at a time in all lanes.
 *
 * How a value gets into all lanes is a matter of ports. As an operand of both its FMAs that broadcasts itself, it is
 * loaded twice: 30 loads for the 28 FMAs of a channel, when Intel's cores load two vectors in the time of two FMAs.
 * Loaded by an instruction of its own, once, it takes up a floating-point pipe of Zen 4 that an FMA could have used. So
 * 5 of the 14 pixels are loaded once and the others twice: 25 loads a channel, 5 of them instructions of their own.
 */
#include "kernels/cut.h"
#include "kernels/x86/avx512.h"

enum {
  TILE_PIXELS = 14,
  TILE_BLOCKS = 2,
  LINE = 64
};

/* A tile as its assembly sees it; distances are bytes. */
typedef struct tile {
  const float *x, *w;
  size_t channels;
  size_t w_panel;
  size_t x_skip;                      /* from the end of a pixel's channels to its next block's */
  const char *ahead;                  /* where to prefetch: one cache line for each channel, */
  size_t ahead_skip;                  /* and after each block of 16 a step more */
  const float *start[TILE_BLOCKS];    /* bias, or partial sums */
  size_t start_step;                  /* from one pixel's start to the next's */
  const float *residual[TILE_BLOCKS]; /* NULL if there is none */
  float *y[TILE_BLOCKS];
  uint32_t lane_mask[TILE_BLOCKS];
  float floor; /* of the sums: 0 with ReLU; minus infinity, below which nothing is, without */
} tile;

/* The whole tile is assembly: compilers spill accumulators when all 32 registers are in use (gcc 12) or keep them in
 * memory (clang 14), and an asm statement can't take so many as operands. zmm0 to zmm13 are the sums of the first
 * block, zmm14 to zmm27 those of the second one, zmm28 and zmm29 weights, zmm30 is a value loaded once. */
#define LOAD(p) "vbroadcastss 64*" #p "(%%rsi), %%zmm30\n"
#define MULTIPLY_LOADED(weights, sum) "vfmadd231ps %%zmm30, %%zmm" #weights ", %%zmm" #sum "\n"
#define MULTIPLY_AT(p, weights, sum) "vfmadd231ps 64*" #p "(%%rsi)%{1to16%}, %%zmm" #weights ", %%zmm" #sum "\n"

#define LOW_PIXEL_0 LOAD(0) MULTIPLY_LOADED(28, 0)
#define HIGH_PIXEL_0 MULTIPLY_LOADED(29, 14)
#define LOW_PIXEL_1 MULTIPLY_AT(1, 28, 1)
#define HIGH_PIXEL_1 MULTIPLY_AT(1, 29, 15)
#define LOW_PIXEL_2 MULTIPLY_AT(2, 28, 2)
#define HIGH_PIXEL_2 MULTIPLY_AT(2, 29, 16)
#define LOW_PIXEL_3 MULTIPLY_AT(3, 28, 3)
#define HIGH_PIXEL_3 MULTIPLY_AT(3, 29, 17)
#define LOW_PIXEL_4 MULTIPLY_AT(4, 28, 4)
#define HIGH_PIXEL_4 MULTIPLY_AT(4, 29, 18)
#define LOW_PIXEL_5 MULTIPLY_AT(5, 28, 5)
#define HIGH_PIXEL_5 MULTIPLY_AT(5, 29, 19)
#define LOW_PIXEL_6 LOAD(6) MULTIPLY_LOADED(28, 6)
#define HIGH_PIXEL_6 MULTIPLY_LOADED(29, 20)
#define LOW_PIXEL_7 MULTIPLY_AT(7, 28, 7)
#define HIGH_PIXEL_7 MULTIPLY_AT(7, 29, 21)
#define LOW_PIXEL_8 MULTIPLY_AT(8, 28, 8)
#define HIGH_PIXEL_8 MULTIPLY_AT(8, 29, 22)
#define LOW_PIXEL_9 LOAD(9) MULTIPLY_LOADED(28, 9)
#define HIGH_PIXEL_9 MULTIPLY_LOADED(29, 23)
#define LOW_PIXEL_10 MULTIPLY_AT(10, 28, 10)
#define HIGH_PIXEL_10 MULTIPLY_AT(10, 29, 24)
#define LOW_PIXEL_11 LOAD(11) MULTIPLY_LOADED(28, 11)
#define HIGH_PIXEL_11 MULTIPLY_LOADED(29, 25)
#define LOW_PIXEL_12 MULTIPLY_AT(12, 28, 12)
#define HIGH_PIXEL_12 MULTIPLY_AT(12, 29, 26)
#define LOW_PIXEL_13 LOAD(13) MULTIPLY_LOADED(28, 13)
#define HIGH_PIXEL_13 MULTIPLY_LOADED(29, 27)

/* One channel. The second block follows a pixel behind the first one, and its weights come as late: llvm-mca found that
 * among many orders, this one and this choice of pixels leave the fewest FMA slots of Skylake empty. */
#define LOW_WEIGHTS "vmovaps (%%rdi), %%zmm28\n"
#define HIGH_WEIGHTS "vmovaps (%%rdi, %%r8), %%zmm29\n"
#define PREFETCH "prefetcht0 (%%r9)\n"
#define UPTO_2 LOW_WEIGHTS LOW_PIXEL_0 LOW_PIXEL_1 HIGH_WEIGHTS HIGH_PIXEL_0 PREFETCH
#define UPTO_3 UPTO_2 LOW_PIXEL_2 HIGH_PIXEL_1
#define UPTO_4 UPTO_3 LOW_PIXEL_3 HIGH_PIXEL_2
#define UPTO_5 UPTO_4 LOW_PIXEL_4 HIGH_PIXEL_3
#define UPTO_6 UPTO_5 LOW_PIXEL_5 HIGH_PIXEL_4
#define UPTO_7 UPTO_6 LOW_PIXEL_6 HIGH_PIXEL_5
#define UPTO_8 UPTO_7 LOW_PIXEL_7 HIGH_PIXEL_6
#define UPTO_9 UPTO_8 LOW_PIXEL_8 HIGH_PIXEL_7
#define UPTO_10 UPTO_9 LOW_PIXEL_9 HIGH_PIXEL_8
#define UPTO_11 UPTO_10 LOW_PIXEL_10 HIGH_PIXEL_9
#define UPTO_12 UPTO_11 LOW_PIXEL_11 HIGH_PIXEL_10
#define UPTO_13 UPTO_12 LOW_PIXEL_12 HIGH_PIXEL_11
#define UPTO_14 UPTO_13 LOW_PIXEL_13 HIGH_PIXEL_12
#define PIXELS_1_OF_2 LOW_WEIGHTS LOW_PIXEL_0 HIGH_WEIGHTS HIGH_PIXEL_0 PREFETCH
#define PIXELS_2_OF_2 UPTO_2 HIGH_PIXEL_1
#define PIXELS_3_OF_2 UPTO_3 HIGH_PIXEL_2
#define PIXELS_4_OF_2 UPTO_4 HIGH_PIXEL_3
#define PIXELS_5_OF_2 UPTO_5 HIGH_PIXEL_4
#define PIXELS_6_OF_2 UPTO_6 HIGH_PIXEL_5
#define PIXELS_7_OF_2 UPTO_7 HIGH_PIXEL_6
#define PIXELS_8_OF_2 UPTO_8 HIGH_PIXEL_7
#define PIXELS_9_OF_2 UPTO_9 HIGH_PIXEL_8
#define PIXELS_10_OF_2 UPTO_10 HIGH_PIXEL_9
#define PIXELS_11_OF_2 UPTO_11 HIGH_PIXEL_10
#define PIXELS_12_OF_2 UPTO_12 HIGH_PIXEL_11
#define PIXELS_13_OF_2 UPTO_13 HIGH_PIXEL_12
#define PIXELS_14_OF_2 UPTO_14 HIGH_PIXEL_13

#define PIXELS_1_OF_1 PREFETCH LOW_WEIGHTS MULTIPLY_AT(0, 28, 0)
#define PIXELS_2_OF_1 PIXELS_1_OF_1 MULTIPLY_AT(1, 28, 1)
#define PIXELS_3_OF_1 PIXELS_2_OF_1 MULTIPLY_AT(2, 28, 2)
#define PIXELS_4_OF_1 PIXELS_3_OF_1 MULTIPLY_AT(3, 28, 3)
#define PIXELS_5_OF_1 PIXELS_4_OF_1 MULTIPLY_AT(4, 28, 4)
#define PIXELS_6_OF_1 PIXELS_5_OF_1 MULTIPLY_AT(5, 28, 5)
#define PIXELS_7_OF_1 PIXELS_6_OF_1 MULTIPLY_AT(6, 28, 6)
#define PIXELS_8_OF_1 PIXELS_7_OF_1 MULTIPLY_AT(7, 28, 7)
#define PIXELS_9_OF_1 PIXELS_8_OF_1 MULTIPLY_AT(8, 28, 8)
#define PIXELS_10_OF_1 PIXELS_9_OF_1 MULTIPLY_AT(9, 28, 9)
#define PIXELS_11_OF_1 PIXELS_10_OF_1 MULTIPLY_AT(10, 28, 10)
#define PIXELS_12_OF_1 PIXELS_11_OF_1 MULTIPLY_AT(11, 28, 11)
#define PIXELS_13_OF_1 PIXELS_12_OF_1 MULTIPLY_AT(12, 28, 12)
#define PIXELS_14_OF_1 PIXELS_13_OF_1 MULTIPLY_AT(13, 28, 13)

/* The numbers of the accumulators. */
#define LOW_1 "0"
#define LOW_2 LOW_1 ", 1"
#define LOW_3 LOW_2 ", 2"
#define LOW_4 LOW_3 ", 3"
#define LOW_5 LOW_4 ", 4"
#define LOW_6 LOW_5 ", 5"
#define LOW_7 LOW_6 ", 6"
#define LOW_8 LOW_7 ", 7"
#define LOW_9 LOW_8 ", 8"
#define LOW_10 LOW_9 ", 9"
#define LOW_11 LOW_10 ", 10"
#define LOW_12 LOW_11 ", 11"
#define LOW_13 LOW_12 ", 12"
#define LOW_14 LOW_13 ", 13"
#define HIGH_1 "14"
#define HIGH_2 HIGH_1 ", 15"
#define HIGH_3 HIGH_2 ", 16"
#define HIGH_4 HIGH_3 ", 17"
#define HIGH_5 HIGH_4 ", 18"
#define HIGH_6 HIGH_5 ", 19"
#define HIGH_7 HIGH_6 ", 20"
#define HIGH_8 HIGH_7 ", 21"
#define HIGH_9 HIGH_8 ", 22"
#define HIGH_10 HIGH_9 ", 23"
#define HIGH_11 HIGH_10 ", 24"
#define HIGH_12 HIGH_11 ", 25"
#define HIGH_13 HIGH_12 ", 26"
#define HIGH_14 HIGH_13 ", 27"

/* `block` is 0 or 1 of the tile's blocks, `numbers` those of its accumulators. */
#define START(block, numbers)                                                                                          \
  "mov %c[start]+8*" #block "(%[t]), %%rax\n"                                                                          \
  "mov %c[start_step](%[t]), %%rcx\n"                                                                                  \
  ".irp n, " numbers "\n"                                                                                              \
  "vmovups (%%rax), %%zmm\\n\n"                                                                                        \
  "add %%rcx, %%rax\n"                                                                                                 \
  ".endr\n"

/* max(floor, sum) in this order of operands gives the sum where it is NaN or both are zeros. */
#define FINISH(block, numbers)                                                                                         \
  "mov %c[residual]+8*" #block "(%[t]), %%rax\n"                                                                       \
  "test %%rax, %%rax\n"                                                                                                \
  "jz 1f\n"                                                                                                            \
  ".irp n, " numbers "\n"                                                                                              \
  "vaddps (%%rax), %%zmm\\n, %%zmm\\n\n"                                                                               \
  "add $64, %%rax\n"                                                                                                   \
  ".endr\n"                                                                                                            \
  "1: mov %c[y]+8*" #block "(%[t]), %%rax\n"                                                                           \
  "kmovw %c[lane_mask]+4*" #block "(%[t]), %%k1\n"                                                                     \
  "vbroadcastss %c[floor](%[t]), %%zmm30\n"                                                                            \
  ".irp n, " numbers "\n"                                                                                              \
  "vmaxps %%zmm\\n, %%zmm30, %%zmm\\n%{%%k1%}%{z%}\n"                                                                  \
  "vmovups %%zmm\\n, (%%rax)\n"                                                                                        \
  "add $64, %%rax\n"                                                                                                   \
  ".endr\n"

/* Blocks of input channels outside, channels inside. */
#define MULTIPLY(products)                                                                                             \
  "mov %c[x](%[t]), %%rsi\n"                                                                                           \
  "mov %c[w](%[t]), %%rdi\n"                                                                                           \
  "mov %c[channels](%[t]), %%rdx\n"                                                                                    \
  "mov %c[w_panel](%[t]), %%r8\n"                                                                                      \
  "mov %c[ahead](%[t]), %%r9\n"                                                                                        \
  "1: mov $16, %%ecx\n"                                                                                                \
  "cmp %%rcx, %%rdx\n"                                                                                                 \
  "cmovb %%rdx, %%rcx\n"                                                                                               \
  "sub %%rcx, %%rdx\n"                                                                                                 \
  "2:\n" products "add $64, %%r9\n"                                                                                    \
  "add $4, %%rsi\n"                                                                                                    \
  "add $64, %%rdi\n"                                                                                                   \
  "dec %%rcx\n"                                                                                                        \
  "jnz 2b\n"                                                                                                           \
  "add %c[x_skip](%[t]), %%rsi\n"                                                                                      \
  "add %c[ahead_skip](%[t]), %%r9\n"                                                                                   \
  "test %%rdx, %%rdx\n"                                                                                                \
  "jnz 1b\n"

#define ZMM_0_TO_15                                                                                                    \
  "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13",  \
      "zmm14", "zmm15"
#define ZMM_16_TO_30                                                                                                   \
  "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", \
      "zmm29", "zmm30"
#define TILE(text)                                                                                                     \
  __asm__ volatile(                                                                                                    \
      text                                                                                                             \
      :                                                                                                                \
      : [t] "r"(t), [x] "i"(offsetof(tile, x)), [w] "i"(offsetof(tile, w)), [channels] "i"(offsetof(tile, channels)),  \
        [w_panel] "i"(offsetof(tile, w_panel)), [x_skip] "i"(offsetof(tile, x_skip)),                                  \
        [ahead] "i"(offsetof(tile, ahead)), [ahead_skip] "i"(offsetof(tile, ahead_skip)),                              \
        [start] "i"(offsetof(tile, start)), [start_step] "i"(offsetof(tile, start_step)),                              \
        [residual] "i"(offsetof(tile, residual)), [y] "i"(offsetof(tile, y)),                                          \
        [lane_mask] "i"(offsetof(tile, lane_mask)), [floor] "i"(offsetof(tile, floor))                                 \
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "k1", ZMM_0_TO_15, ZMM_16_TO_30, "cc", "memory")
#define TILE_OF_1(pixels) TILE(START(0, LOW_##pixels) MULTIPLY(PIXELS_##pixels##_OF_1) FINISH(0, LOW_##pixels))
#define TILE_OF_2(pixels)                                                                                              \
  TILE(START(0, LOW_##pixels) START(1, HIGH_##pixels) MULTIPLY(PIXELS_##pixels##_OF_2) FINISH(0, LOW_##pixels)         \
           FINISH(1, HIGH_##pixels))

static void tile_of_1(const tile *t, size_t pixels) {
  switch (pixels) {
  case 1:
    TILE_OF_1(1);
    break;
  case 2:
    TILE_OF_1(2);
    break;
  case 3:
    TILE_OF_1(3);
    break;
  case 4:
    TILE_OF_1(4);
    break;
  case 5:
    TILE_OF_1(5);
    break;
  case 6:
    TILE_OF_1(6);
    break;
  case 7:
    TILE_OF_1(7);
    break;
  case 8:
    TILE_OF_1(8);
    break;
  case 9:
    TILE_OF_1(9);
    break;
  case 10:
    TILE_OF_1(10);
    break;
  case 11:
    TILE_OF_1(11);
    break;
  case 12:
    TILE_OF_1(12);
    break;
  case 13:
    TILE_OF_1(13);
    break;
  default:
    TILE_OF_1(14);
  }
}

static void tile_of_2(const tile *t, size_t pixels) {
  switch (pixels) {
  case 1:
    TILE_OF_2(1);
    break;
  case 2:
    TILE_OF_2(2);
    break;
  case 3:
    TILE_OF_2(3);
    break;
  case 4:
    TILE_OF_2(4);
    break;
  case 5:
    TILE_OF_2(5);
    break;
  case 6:
    TILE_OF_2(6);
    break;
  case 7:
    TILE_OF_2(7);
    break;
  case 8:
    TILE_OF_2(8);
    break;
  case 9:
    TILE_OF_2(9);
    break;
  case 10:
    TILE_OF_2(10);
    break;
  case 11:
    TILE_OF_2(11);
    break;
  case 12:
    TILE_OF_2(12);
    break;
  case 13:
    TILE_OF_2(13);
    break;
  default:
    TILE_OF_2(14);
  }
}

void cardinal_conv1x1_f32_14x32_avx512(const cardinal_conv1x1_args *a) {
  const size_t x_skip = a->x_block * sizeof(float) - LINE;
  tile t = {
      .w = a->w,
      .channels = a->channels,
      .w_panel = a->w_panel * sizeof(float),
      .x_skip = x_skip,
      .start_step = a->bias ? 0 : LINE,
      .floor = a->relu ? 0.0f : -__builtin_inff(),
  };
  for (size_t b = 0; b < a->blocks; ++b)
    t.lane_mask[b] = b + 1 == a->blocks ? a->lane_mask : CARDINAL_ALL_LANES;

  /* Tiles are cut evenly: 49 pixels are a tile of 13 and three of 12, not three of 14 and one of 7. */
  const cardinal_cut cut = cardinal_cut_evenly(a->pixels, TILE_PIXELS);
  const size_t tiles = cardinal_cut_tiles(cut);
  for (size_t i = 0, first = 0; i < tiles; ++i) {
    const size_t pixels = cardinal_cut_length(cut, i);
    for (size_t b = 0; b < a->blocks; ++b) {
      const size_t at = b * a->y_block + first * CARDINAL_BLOCK;
      t.start[b] = a->bias ? a->bias + b * CARDINAL_BLOCK : a->y + at;
      t.residual[b] = a->residual ? a->residual + at : NULL;
      t.y[b] = a->y + at;
    }
    t.x = a->x + first * CARDINAL_BLOCK;
    first += pixels;

    /* A tile fetches the pixels of the next one, the last tile the caller's next weights. */
    if (i + 1 < tiles || !a->next_w) {
      t.ahead = (const char *)(i + 1 < tiles ? t.x + pixels * CARDINAL_BLOCK : t.x);
      t.ahead_skip = x_skip - LINE * CARDINAL_BLOCK + LINE;
    } else {
      t.ahead = (const char *)a->next_w;
      t.ahead_skip = 0;
    }
    if (a->blocks == 1)
      tile_of_1(&t, pixels);
    else
      tile_of_2(&t, pixels);
  }
}
