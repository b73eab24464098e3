/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolution in tiles of 6 pixels × 16 output channels: 12 accumulators, 2 vectors of weights, and one input
 * value in all lanes. */
#include "kernels/x86/avx2.h"

enum { TILE_PIXELS = 6 };

/* Everything but the current weights comes from L2 or beyond, in strides that hardware prefetchers don't follow. The
 * input is fetched this many blocks before its use: about 400 cycles, the time memory takes. (A whole tile ahead is too
 * early: where a block's size is a multiple of 4 KiB, all blocks of a pixel compete for the 8 ways of one L1 set.) */
enum { AHEAD_BLOCKS = 4 };

/* What the inner loop needs beside sums, input and weights. One struct, because an asm statement takes 30 operands. */
typedef struct block_loop {
  size_t blocks; /* input blocks to multiply, at least 1 */
  size_t x_step; /* all steps in bytes */
  /* Lines of x to prefetch: from x_ahead on, and from x_turned on once this many blocks are left to multiply. */
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
                   "vmovaps 64*\\c+32(%[w]), %%ymm13\n\t" PIXELS                                                       \
                   ".endr\n\t"                                                                                         \
                   "prefetcht0 (%%r11)\n\t"                                                                            \
                   "prefetcht0 64(%%r11)\n\t"                                                                          \
                   "add $1024, %[w]\n\t"                                                                               \
                   "add %%rdx, %[x]\n\t"                                                                               \
                   "add %%rdx, %%r8\n\t"                                                                               \
                   "add %%rax, %%r11\n\t"                                                                              \
                   "dec %%rcx\n\t"                                                                                     \
                   "cmp %%r10, %%rcx\n\t"                                                                              \
                   "cmove %%r9, %%r8\n\t"                                                                              \
                   "test %%rcx, %%rcx\n\t"                                                                             \
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

/* What the tiles of a call prefetch. Addresses, not pointers: they may run a little past the data. */
typedef struct prefetches {
  const float *next_x; /* the next tile's input */
  uintptr_t w, w_end;  /* weights of the next call, not yet prefetched */
  size_t w_step;
} prefetches;

/* One tile of `pixels` pixels from pixel `first` on, of output block `block`. */
CARDINAL_INLINE void tile(const cardinal_conv1x1_args *a, size_t block, size_t first, const cardinal_lanes16 *mask,
                          prefetches *ahead, size_t pixels) {
  const float *x = a->x + first * CARDINAL_BLOCK;
  const float *w = a->w + block * a->w_panel;
  const size_t offset = block * a->y_block + first * CARDINAL_BLOCK;
  float *y = a->y + offset;
  const float *residual = a->residual ? a->residual + offset : NULL;
  if (residual)
    CARDINAL_UNROLL
    for (size_t p = 0; p < pixels; ++p)
      _mm_prefetch((const char *)(residual + p * CARDINAL_BLOCK), _MM_HINT_T0);

  const float *start = a->bias ? a->bias + block * CARDINAL_BLOCK : y;
  const size_t start_step = a->bias ? 0 : CARDINAL_BLOCK;
  __m256 acc[TILE_PIXELS][2];
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    acc[p][0] = _mm256_loadu_ps(start + p * start_step);
    acc[p][1] = _mm256_loadu_ps(start + p * start_step + 8);
  }

  const size_t blocks = a->channels / CARDINAL_BLOCK;
  if (blocks) {
    const size_t w_step = ahead->w < ahead->w_end ? ahead->w_step : 0;
    const block_loop loop = {
        .blocks = blocks,
        .x_step = a->x_block * sizeof(float),
        .x_ahead = (uintptr_t)(blocks > AHEAD_BLOCKS ? x + AHEAD_BLOCKS * a->x_block : ahead->next_x),
        .x_turned = (uintptr_t)ahead->next_x,
        .turn = AHEAD_BLOCKS,
        .w_ahead = ahead->w,
        .w_step = w_step,
    };
    multiply_blocks(acc, x, w, &loop, pixels);
    ahead->w += blocks * w_step;
  }
  x += blocks * a->x_block;
  w += blocks * CARDINAL_BLOCK * CARDINAL_BLOCK;
  for (size_t c = 0; c < a->channels % CARDINAL_BLOCK; ++c)
    multiply_channel(acc, x + c, w + c * CARDINAL_BLOCK, pixels);

  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p)
    cardinal_avx2_finish(y + p * CARDINAL_BLOCK, acc[p][0], acc[p][1],
                         residual ? residual + p * CARDINAL_BLOCK : NULL, a->relu, mask);
}

void cardinal_conv1x1_f32_6x16_avx2(const cardinal_conv1x1_args *a) {
  /* Tiles are cut evenly: 49 pixels are 4 tiles of 6 and 5 of 5, none of which starves the FMA units. */
  const size_t tiles = (a->pixels + TILE_PIXELS - 1) / TILE_PIXELS;
  const size_t even = a->pixels / tiles, larger = a->pixels % tiles;

  const size_t line = CARDINAL_BLOCK * sizeof(float);
  const size_t rounds = tiles * a->blocks * (a->channels / CARDINAL_BLOCK);
  const float *next_w = a->next_w ? a->next_w : a->w;
  prefetches ahead = {
      .w = (uintptr_t)next_w,
      .w_end = (uintptr_t)(next_w + a->next_w_floats),
      .w_step = a->next_w_floats / CARDINAL_BLOCK <= rounds ? line : 2 * line,
  };

  for (size_t block = 0; block < a->blocks; ++block) {
    const int last_block = block + 1 == a->blocks;
    const cardinal_lanes16 mask = cardinal_avx2_mask(last_block ? a->lane_mask : CARDINAL_ALL_LANES);
    size_t first = 0;
    for (size_t t = 0; t < tiles; ++t) {
      const size_t pixels = even + (t < larger);
      ahead.next_x = t + 1 < tiles                ? a->x + (first + pixels) * CARDINAL_BLOCK
                     : last_block && a->next_x ? a->next_x
                                                  : a->x;
      switch (pixels) {
      case 1:
        tile(a, block, first, &mask, &ahead, 1);
        break;
      case 2:
        tile(a, block, first, &mask, &ahead, 2);
        break;
      case 3:
        tile(a, block, first, &mask, &ahead, 3);
        break;
      case 4:
        tile(a, block, first, &mask, &ahead, 4);
        break;
      case 5:
        tile(a, block, first, &mask, &ahead, 5);
        break;
      default:
        tile(a, block, first, &mask, &ahead, TILE_PIXELS);
      }
      first += pixels;
    }
  }
}
