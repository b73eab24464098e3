/* SPDX-License-Identifier: BSD-3-Clause */
/* 3×3 with groups of whole blocks, dense convolutions too: any number of input channels, broadcast from memory.
 *
 * The weights of many channels don't fit L1, and each tile needs all of them. So a band of rows is computed in passes
 * of one input block each, whose weights (9 KB) stay in L1 while the band's tiles go by; partial sums wait in a buffer
 * on the stack. */
#include "kernels/x86/gconv3x3_avx2.h"

enum {
  ONE_PASS_CHANNELS = 32,
  BAND_PIXELS = 128
};

CARDINAL_INLINE size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static void run_pass(const cardinal_conv_args *a, const cardinal_avx2_pass *pass) {
  if (a->stride_h == 1)
    cardinal_avx2_pass_run(a, pass, CARDINAL_BLOCK, 1);
  else
    cardinal_avx2_pass_run(a, pass, CARDINAL_BLOCK, 2);
}

static void band(const cardinal_conv_args *a, size_t row_begin, size_t row_end) {
  _Alignas(64) float partial[BAND_PIXELS * CARDINAL_BLOCK];
  const size_t partial_row = a->out_width * CARDINAL_BLOCK;
  const size_t blocks = (a->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  for (size_t block = 0; block < blocks; ++block)
    for (size_t lane = 0; lane < CARDINAL_BLOCK; lane += VECTOR_LANES) {
      cardinal_avx2_pass pass = {
          .x = a->x + block * a->x_block,
          .w = a->w + block * (CARDINAL_BLOCK * KERNEL_W * KERNEL_W * CARDINAL_BLOCK) + lane,
          .start = partial + lane,
          .start_row = partial_row,
          .start_pixel = CARDINAL_BLOCK,
          .to = partial + lane,
          .to_row = partial_row,
          .row_begin = row_begin,
          .row_end = row_end,
          .channels = least(CARDINAL_BLOCK, a->channels - block * CARDINAL_BLOCK),
          .epilogue = cardinal_avx2_epilogue_of(0, CARDINAL_ALL_LANES, lane),
      };
      if (block == 0) {
        pass.start = a->bias + lane;
        pass.start_row = pass.start_pixel = 0;
      }
      if (block + 1 == blocks) {
        const size_t at = row_begin * a->y_row + lane;
        pass.to = a->y + at;
        pass.to_row = a->y_row;
        pass.residual = a->residual ? a->residual + at : NULL;
        pass.epilogue = cardinal_avx2_epilogue_of(a->relu, a->lane_mask, lane);
      }
      run_pass(a, &pass);
    }
}

void cardinal_gconv3x3_f32_w16_avx2(const cardinal_conv_args *a) {
  if (a->channels <= ONE_PASS_CHANNELS || a->out_width > BAND_PIXELS) {
    for (size_t row = a->row_begin; row < a->row_end; ++row)
      cardinal_avx2_rows(a, CARDINAL_BLOCK, row, row + 1);
    return;
  }
  const size_t rows = BAND_PIXELS / a->out_width;
  for (size_t row = a->row_begin; row < a->row_end; row += rows)
    band(a, row, least(row + rows, a->row_end));
}
