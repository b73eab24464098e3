/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops over tiles of a 3×3 convolution. kernels/gconv3x3_segments.h has the struct; here a tile is one segment,
 * which makes its way simple, and that counts where a tile is only some 500 instructions. */
#ifndef CARDINAL_KERNELS_ARM_GCONV3X3_H
#define CARDINAL_KERNELS_ARM_GCONV3X3_H

#include "kernels/gconv3x3_segments.h"

/* A whole call, with rows cut by `cut`. */
static inline void cardinal_gconv3x3_run(const cardinal_conv_args *a, const cardinal_segments *tiles,
                                         cardinal_format format, cardinal_cut cut) {
  const size_t stride = a->window.stride_h, pad = a->window.pad_left, count = cardinal_cut_tiles(cut);
  const size_t x_pixel = CARDINAL_BLOCK * cardinal_format_bytes(format);
  const size_t y_pixel = CARDINAL_BLOCK * cardinal_y_bytes(format, a->y_f32);
  const size_t beside = CARDINAL_BLOCK / tiles->vector_lanes; /* tiles of a block */
  const size_t x_beside = a->slot < CARDINAL_BLOCK ? x_pixel / beside : 0, y_beside = y_pixel / beside;
  const cardinal_segments_call call = {a, tiles, format, x_pixel, y_pixel};
  const uint64_t left = pad ? SEGMENT_LEFT * SEGMENTS_EACH_KY : 0;
  const uint64_t right = (a->out_width - 1) * stride + 2 >= a->in_width + pad ? SEGMENT_RIGHT * SEGMENTS_EACH_KY : 0;
  cardinal_segments_tile t[SEGMENTS_MOST_TILES];
  cardinal_segments_start(&call, t);
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_segments_row start = cardinal_segments_row_of(&call, row);
    const uint64_t edges =
        start.edges | start.edges / SEGMENT_WHOLE * SEGMENTS_NOTHING | (uint64_t)1 << 3 * SEGMENTS_KY_BITS;
    const char *x = start.x;
    char *y = start.y;
    for (size_t i = 0; i < count; ++i) {
      const size_t pixels = cardinal_cut_length(cut, i);
      const uint64_t here = edges | (i == 0 ? left : 0) | (i + 1 == count ? right : 0);
      for (size_t v = 0; v < beside; ++v) {
        t[v].x = x + v * x_beside;
        t[v].y[0] = y + v * y_beside;
        t[v].edges = here;
        tiles->of[stride - 1][pixels - 1](&t[v]);
      }
      x += pixels * stride * x_pixel;
      y += pixels * y_pixel;
    }
  }
}

/* Tiles of a block: those of 5 pixels keep x in registers; there are as many more registers as make it 7 without. */
static inline cardinal_cut cardinal_gconv3x3_cut_of_blocks(size_t out_width) {
  enum {
    MOST_PIXELS = 5,
    LEAST_PIXELS = 4,
    MOST_PIXELS_WITHOUT = 7
  };
  const cardinal_cut cut = cardinal_cut_evenly(out_width, MOST_PIXELS);
  /* 7 pixels are better off in one tile than in two of 4 and 3 */
  return cut.shorter < LEAST_PIXELS ? cardinal_cut_evenly(out_width, MOST_PIXELS_WITHOUT) : cut;
}

/* A kernel `cardinal_KERNEL` of the tiles `cardinal_KERNEL_tiles`; `cut` says how a row of `out_width` pixels is cut.
 */
#define CARDINAL_GCONV3X3_KERNEL(kernel, format, cut)                                                                  \
  extern const cardinal_segments cardinal_##kernel##_tiles;                                                            \
  void cardinal_##kernel(const cardinal_conv_args *a) {                                                                \
    const size_t out_width = a->out_width;                                                                             \
    cardinal_gconv3x3_run(a, &cardinal_##kernel##_tiles, CARDINAL_FORMAT_##format, cut);                               \
  }

#endif
