/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of whole blocks, dense convolutions too: any number of input channels, broadcast from memory.
 *
 * The weights of many channels don't fit L1, and each tile needs all of them. So a band of rows is computed in passes
 * of one input block each, whose weights (9 KB) stay in L1 while the band's tiles go by; partial sums wait in a buffer
 * on the stack. */
#include "kernels/x86/gconv3x3_avx2.h"

enum {
  SLOT = 16,
  ROWS = MOST_ROWS,
  ONE_PASS_CHANNELS = 32,
  BAND_PIXELS = 128
};

CARDINAL_INLINE size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static void tiles(const cardinal_conv_args *a, const cardinal_avx2_pass *pass, const cardinal_avx2_cut *cut,
                  size_t row) {
  if (a->window.stride_h == 1)
    cardinal_avx2_tiles(a, pass, cut, row, SLOT, 1, ROWS > 1);
  else
    cardinal_avx2_tiles(a, pass, cut, row, SLOT, 2, ROWS > 1);
}

static void band(const cardinal_conv_args *a, size_t row_begin, size_t row_end) {
  _Alignas(64) float partial[BAND_PIXELS * CARDINAL_BLOCK];
  const size_t partial_row = a->out_width * CARDINAL_BLOCK;
  const size_t blocks = (a->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  for (size_t block = 0; block < blocks; ++block) {
    cardinal_avx2_pass halves[CARDINAL_BLOCK / VECTOR_LANES];
    size_t count = 0;
    for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += VECTOR_LANES) {
      if (!cardinal_avx2_half_used(a, lane))
        continue;
      cardinal_avx2_pass *pass = &halves[count++];
      *pass = (cardinal_avx2_pass){
          .x = a->x + block * a->x_block,
          .w = a->w + block * (KERNEL_H * CARDINAL_BLOCK * KERNEL_W * CARDINAL_BLOCK) + lane,
          .start = partial + lane,
          .start_row = partial_row,
          .start_pixel = CARDINAL_BLOCK,
          .to = partial + lane,
          .to_row = partial_row,
          .residual = NULL,
          .row_begin = row_begin,
          .row_end = row_end,
          .channels = least(CARDINAL_BLOCK, a->channels - block * CARDINAL_BLOCK),
          .epilogue = cardinal_avx2_epilogue_of(0, CARDINAL_ALL_LANES, lane),
      };
      if (block == 0) {
        pass->start = a->bias + lane;
        pass->start_row = pass->start_pixel = 0;
      }
      if (block + 1 == blocks) {
        const size_t at = row_begin * a->y_row + lane;
        pass->to = a->y + at;
        pass->to_row = a->y_row;
        pass->residual = a->residual ? a->residual + at : NULL;
        pass->epilogue = cardinal_avx2_epilogue_of(a->relu, a->lane_mask, lane);
      }
    }
    if (count)
      cardinal_avx2_run(a, halves, count, ROWS, tiles);
  }
}

void cardinal_gconv3x3_f32_w16_avx2(const cardinal_conv_args *a) {
  if (a->channels <= ONE_PASS_CHANNELS || a->out_width > BAND_PIXELS) {
    cardinal_avx2_one_pass(a, SLOT, ROWS, tiles);
    return;
  }
  for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += VECTOR_LANES)
    if (!cardinal_avx2_half_used(a, lane))
      cardinal_avx2_clear(a, lane);
  /* as many rows as fit, a multiple of what tiles take at once */
  const size_t at_once = cardinal_avx2_cut_of(ROWS, a->out_width).rows, fitting = BAND_PIXELS / a->out_width;
  const size_t rows = fitting > at_once ? fitting - fitting % at_once : fitting;
  for (size_t row = a->row_begin; row < a->row_end; row += rows)
    band(a, row, least(row + rows, a->row_end));
}
