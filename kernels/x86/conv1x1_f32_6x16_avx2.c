/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution in tiles of 6 pixels × 16 output channels: 12 accumulators, 2 vectors of weights, and one input
 * value in all lanes. */
#include <math.h>

#include "kernels/cut.h"
#include "kernels/x86/avx2.h"

enum {
  TILE_PIXELS = 6
};

/* Everything but the current weights comes from L2 or beyond, in strides that hardware prefetchers don't follow. The
 * input is fetched this many blocks before its use: about 400 cycles, the time memory takes. (A whole tile ahead is too
 * early: where a block's size is a multiple of 4 KiB, all blocks of a pixel compete for the 8 ways of one L1 set.) */
enum {
  AHEAD_BLOCKS = 4
};

/* What the inner loop needs beside sums, input and weights. One struct, because an asm statement takes 30 operands. */
typedef struct block_loop {
  size_t blocks; /* input blocks to multiply, at least 1 */
  size_t x_step; /* all steps in bytes */
  /* Lines of x to prefetch: from x_ahead on; once fewer than `turn` blocks are left to multiply, from x_turned on. */
  uintptr_t x_ahead, x_turned;
  size_t turn;
  /* Lines of weights to prefetch: two from w_ahead on, in steps of none, one or two lines. */
  uintptr_t w_ahead;
  size_t w_step;
} block_loop;

/* The inner loop is assembly because compilers spill its accumulators (gcc 12) or keep them in memory (clang 14).
 * Offsets are bytes: a channel's weights are 64 apart, a channel's values in neighbouring pixels too. */
#define PIXEL(p)                                                                                                       \
  "vbroadcastss 64*" #p "+4*\\c(%[x]), %%ymm14\n\t"                                                                    \
  "vfmadd231ps %%ymm12, %%ymm14, %[low" #p "]\n\t"                                                                     \
  "vfmadd231ps %%ymm13, %%ymm14, %[high" #p "]\n\t"                                                                    \
  ".if \\c == " #p "\n\t"                                                                                              \
  "prefetcht0 64*" #p "(%%r8)\n\t"                                                                                     \
  ".endif\n\t"
#define PIXELS_1 PIXEL(0)
#define PIXELS_2 PIXELS_1 PIXEL(1)
#define PIXELS_3 PIXELS_2 PIXEL(2)
#define PIXELS_4 PIXELS_3 PIXEL(3)
#define PIXELS_5 PIXELS_4 PIXEL(4)
#define PIXELS_6 PIXELS_5 PIXEL(5)

#define SUM(p) [low##p] "+x"(acc[p][0]), [high##p] "+x"(acc[p][1])
#define SUMS_1 SUM(0)
#define SUMS_2 SUMS_1, SUM(1)
#define SUMS_3 SUMS_2, SUM(2)
#define SUMS_4 SUMS_3, SUM(3)
#define SUMS_5 SUMS_4, SUM(4)
#define SUMS_6 SUMS_5, SUM(5)

#define MULTIPLY_BLOCKS(PIXELS, SUMS)                                                                                  \
  __asm__ volatile("mov (%[loop]), %%rcx\n\t"                                                                          \
                   "mov 8(%[loop]), %%rdx\n\t"                                                                         \
                   "mov 16(%[loop]), %%r8\n\t"                                                                         \
                   "mov 24(%[loop]), %%r9\n\t"                                                                         \
                   "mov 32(%[loop]), %%r10\n\t"                                                                        \
                   "mov 40(%[loop]), %%r11\n\t"                                                                        \
                   "mov 48(%[loop]), %%rax\n\t"                                                                        \
                   "1:\n\t"                                                                                            \
                   ".irp c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"                                  \
                   "vmovaps 64*\\c(%[w]), %%ymm12\n\t"                                                                 \
                   "vmovaps 64*\\c+32(%[w]), %%ymm13\n\t" PIXELS ".endr\n\t"                                           \
                   "prefetcht0 (%%r11)\n\t"                                                                            \
                   "prefetcht0 64(%%r11)\n\t"                                                                          \
                   "add $1024, %[w]\n\t"                                                                               \
                   "add %%rdx, %[x]\n\t"                                                                               \
                   "add %%rdx, %%r8\n\t"                                                                               \
                   "add %%rax, %%r11\n\t"                                                                              \
                   "cmp %%r10, %%rcx\n\t"                                                                              \
                   "cmove %%r9, %%r8\n\t"                                                                              \
                   "dec %%rcx\n\t"                                                                                     \
                   "jnz 1b\n\t"                                                                                        \
                   : SUMS, [x] "+r"(x), [w] "+r"(w)                                                                    \
                   : [loop] "r"(loop)                                                                                  \
                   : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm12", "xmm13", "xmm14", "cc", "memory")

/* Products of whole input blocks. `pixels` is a constant here and below. */
CARDINAL_INLINE void multiply_blocks(__m256 acc[TILE_PIXELS][2], const float *x, const float *w, const block_loop *loop,
                                     size_t pixels) {
  switch (pixels) {
  case 1:
    MULTIPLY_BLOCKS(PIXELS_1, SUMS_1);
    break;
  case 2:
    MULTIPLY_BLOCKS(PIXELS_2, SUMS_2);
    break;
  case 3:
    MULTIPLY_BLOCKS(PIXELS_3, SUMS_3);
    break;
  case 4:
    MULTIPLY_BLOCKS(PIXELS_4, SUMS_4);
    break;
  case 5:
    MULTIPLY_BLOCKS(PIXELS_5, SUMS_5);
    break;
  default:
    MULTIPLY_BLOCKS(PIXELS_6, SUMS_6);
  }
}

/* One channel of a block that isn't full. */
CARDINAL_INLINE void multiply_channel(__m256 acc[TILE_PIXELS][2], const float *x, const float *w, size_t pixels) {
  const __m256 low = _mm256_load_ps(w), high = _mm256_load_ps(w + 8);
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    const __m256 value = _mm256_broadcast_ss(x + p * CARDINAL_BLOCK);
    acc[p][0] = _mm256_fmadd_ps(value, low, acc[p][0]);
    acc[p][1] = _mm256_fmadd_ps(value, high, acc[p][1]);
  }
}

/* Where a tile works, and what is the same for all tiles of a block. */
typedef struct place {
  const float *x, *w;
  const float *start; /* what the sums start from: the bias, or the partial sums in y */
  const float *residual;
  float *y;
  size_t start_step; /* floats from pixel to pixel: 0 for the bias */
  size_t tail_channels;
  __m256 floor; /* 0 for ReLU; -Inf, which changes nothing, without */
  cardinal_lanes16 mask;
} place;

/* One tile of `pixels` pixels. */
CARDINAL_INLINE void tile(const place *at, const block_loop *loop, size_t pixels) {
  __m256 acc[TILE_PIXELS][2];
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    acc[p][0] = _mm256_loadu_ps(at->start + p * at->start_step);
    acc[p][1] = _mm256_loadu_ps(at->start + p * at->start_step + 8);
  }
  if (at->residual)
    CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    _mm_prefetch((const char *)(at->residual + p * CARDINAL_BLOCK), _MM_HINT_T0);

  if (loop->blocks)
    multiply_blocks(acc, at->x, at->w, loop, pixels);
  if (at->tail_channels) {
    const float *x = at->x + loop->blocks * (loop->x_step / sizeof(float));
    const float *w = at->w + loop->blocks * CARDINAL_BLOCK * CARDINAL_BLOCK;
    for (size_t c = 0; c < at->tail_channels; ++c)
      multiply_channel(acc, x + c, w + c * CARDINAL_BLOCK, pixels);
  }

  if (at->residual)
    CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    acc[p][0] = _mm256_add_ps(acc[p][0], _mm256_loadu_ps(at->residual + p * CARDINAL_BLOCK));
    acc[p][1] = _mm256_add_ps(acc[p][1], _mm256_loadu_ps(at->residual + p * CARDINAL_BLOCK + 8));
  }
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    /* max(floor, sum) in this order gives the sum where it is NaN or -0. */
    const __m256 low = _mm256_max_ps(at->floor, acc[p][0]), high = _mm256_max_ps(at->floor, acc[p][1]);
    _mm256_storeu_ps(at->y + p * CARDINAL_BLOCK, _mm256_and_ps(low, at->mask.low));
    _mm256_storeu_ps(at->y + p * CARDINAL_BLOCK + 8, _mm256_and_ps(high, at->mask.high));
  }
}

void cardinal_conv1x1_f32_6x16_avx2(const cardinal_conv1x1_args *a) {
  /* Tiles are cut evenly: 49 pixels are 4 tiles of 6 and 5 of 5, none of which starves the FMA units. */
  const cardinal_cut cut = cardinal_cut_evenly(a->pixels, TILE_PIXELS);
  const size_t tiles = cardinal_cut_tiles(cut);

  const size_t line = CARDINAL_BLOCK * sizeof(float);
  block_loop loop = {
      .blocks = a->channels / CARDINAL_BLOCK,
      .x_step = a->x_block * sizeof(float),
      .turn = AHEAD_BLOCKS + 1,
      .w_ahead = (uintptr_t)(a->next_w ? a->next_w : a->w),
  };
  const uintptr_t w_end = loop.w_ahead + a->next_w_floats * sizeof(float);
  const size_t rounds = tiles * a->blocks * loop.blocks;
  loop.w_step = a->next_w_floats / CARDINAL_BLOCK <= rounds ? line : 2 * line;

  for (size_t block = 0; block < a->blocks; ++block) {
    const int last_block = block + 1 == a->blocks;
    place at = {
        .x = a->x,
        .w = a->w + block * a->w_panel,
        .start = a->bias ? a->bias + block * CARDINAL_BLOCK : a->y + block * a->y_block,
        .residual = a->residual ? a->residual + block * a->y_block : NULL,
        .y = a->y + block * a->y_block,
        .start_step = a->bias ? 0 : CARDINAL_BLOCK,
        .tail_channels = a->channels % CARDINAL_BLOCK,
        .floor = _mm256_set1_ps(a->relu ? 0.0f : -INFINITY),
        .mask = cardinal_avx2_mask(last_block ? a->lane_mask : CARDINAL_ALL_LANES),
    };
    const float *after = last_block && a->next_x ? a->next_x : a->x;
    for (size_t t = 0; t < tiles; ++t) {
      const size_t pixels = cardinal_cut_length(cut, t);
      const float *next_x = t + 1 < tiles ? at.x + pixels * CARDINAL_BLOCK : after;
      loop.x_turned = (uintptr_t)next_x;
      loop.x_ahead = (uintptr_t)(loop.blocks > AHEAD_BLOCKS ? at.x + AHEAD_BLOCKS * a->x_block : next_x);
      if (loop.w_ahead >= w_end)
        loop.w_step = 0;
      switch (pixels) {
      case 1:
        tile(&at, &loop, 1);
        break;
      case 2:
        tile(&at, &loop, 2);
        break;
      case 3:
        tile(&at, &loop, 3);
        break;
      case 4:
        tile(&at, &loop, 4);
        break;
      case 5:
        tile(&at, &loop, 5);
        break;
      default:
        tile(&at, &loop, TILE_PIXELS);
      }
      loop.w_ahead += loop.blocks * loop.w_step;
      at.x += pixels * CARDINAL_BLOCK;
      at.y += pixels * CARDINAL_BLOCK;
      at.start += pixels * at.start_step;
      if (at.residual)
        at.residual += pixels * CARDINAL_BLOCK;
    }
  }
}
