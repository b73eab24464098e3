/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract between operators and micro-kernels. docs/kernel-contract.md explains it; this header rules.
 *
 * A micro-kernel is a function of one argument struct. It allocates nothing, starts no thread, keeps no state, and
 * doesn't know other kernels. It may keep a few KB on its stack.
 *
 * Formats. Products are of 32-bit cells: 1 number of f32, 2 of bf16 or 4 of int8, of consecutive channels of one
 * pixel. Sums are 16 lanes of 32 bits in every format. kernels/format.h has the arithmetic.
 *
 * Layout. Activations are blocked by CARDINAL_BLOCK = 16 channels: [image][block][row][column][16]. Within one block
 * a pixel is 16 consecutive numbers. Strides are counted in numbers of their tensor. Packed weights are one layout for
 * all kernels and all ISAs:
 *
 *     [output block][input block of 16][ky][cell in input block][kx][16 lanes][channels of the cell]
 *
 * where the 16 lanes are the output block's channels. The last input block holds as many cells as its channels need;
 * nothing lies between the parts. Lanes without an output channel hold zero weights and a zero bias, as channels hold
 * that the last cell has beyond the group's.
 *
 * Slots. In a grouped convolution, the lanes of an output block are cut into slots of `slot` lanes (1, 4, 8 or 16),
 * one group a slot; the input's groups lie in slots of the same width. Lane l reads channel c of its group at
 *
 *     x + (c / 16) * x_block + pixel * 16 + (l / slot) * slot + c % 16
 *
 * so with slots below 16 channels <= slot, and with slot 16 a group begins at lane 0 of a block. Where a network's
 * groups don't lie like that, the operator gathers them into scratch that does. With bf16, lanes of x that the last
 * cell of a group has beyond the group's channels hold zeros; with int8 anything, since their weights are zeros.
 *
 * The canonical order. Every kernel computes each output element by exactly these operations, round to nearest even.
 * f32, denormals kept (the operator has set the modes):
 *
 *     acc = bias
 *     for each input block of 16 of the group, ascending
 *       for ky ascending, for channel in block ascending, for kx ascending
 *         acc = fma(x, w, acc)                    skipped for taps in the padding: no fma is executed
 *     acc = acc + residual                        if any
 *     acc = acc < 0 ? +0 : acc                    if relu; NaN and -0 are kept
 *     acc = +0                                    in lanes outside lane_mask
 *
 * bf16: the same on sums of f32, in which denormal operands and results are zeros (the operator has set the modes), but
 * for cell in block instead of channel, and for each cell of channels 2i and 2i+1 two steps, the odd one first:
 *
 *         acc = fma(x[2i+1], w[2i+1], acc)
 *         acc = fma(x[2i], w[2i], acc)
 *
 * The bias has no denormals: packing has made them zeros. y is acc, rounded to the nearest bf16, or to even in the
 * middle, if y isn't f32.
 *
 * int8: x is 0 to 127, w -127 to 127; acc, in int32, is the sum of all products, exact in any order. Then, in f32:
 *
 *     t = fma((float)acc, scale[lane], bias[lane])
 *     t = fma((float)residual, residual_scale, t)  if any
 *     t = t < 0 ? +0 : t                           if relu
 *     y = round to nearest even (min(max(t, -127), 127)), or t itself if y is f32
 *     y = 0                                        in lanes outside lane_mask
 *
 * Operators see to it that no |t| that is rounded reaches 2^31, and that a bias of bf16 isn't denormal.
 *
 * Where a NaN results, only its position is promised.
 *
 * Memory. x, residual and y are aligned to the size of their numbers only, bias and scale to 4 bytes, w to 64. Nothing
 * is read or written outside the pixels, channels and weights that the arguments name; lanes of a named pixel beyond
 * the channels may be read but never enter a sum. residual may equal y; nothing else overlaps. y is written completely,
 * all 16 lanes.
 */
#ifndef CARDINAL_KERNELS_KERNEL_H
#define CARDINAL_KERNELS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/window.h"

#ifdef __FAST_MATH__
#error "Cardinal promises equal bits on every ISA: build it without -ffast-math"
#endif

enum {
  CARDINAL_BLOCK = 16,
  CARDINAL_ALL_LANES = 0xFFFF
};

/* 1×1 convolution of consecutive pixels: y[pixel][o] = sum over c of x[pixel][c] * w[c][o].
 *
 *   x         [ceil(channels/16)] blocks, x_block apart, of [pixels][16]
 *   w         `blocks` panels, w_panel words of 32 bits apart, of [cells][16][channels of a cell]
 *   bias      [blocks][16]
 *   scale     int8: [blocks][16]
 *   residual  as y, or NULL
 *   y         `blocks` blocks, y_block apart, of [pixels][16]
 *
 * `blocks` is at most the kernel's tile_blocks. Any number of pixels and channels >= 1. */
typedef struct cardinal_conv1x1_args {
  const void *x, *w, *residual;
  const float *bias, *scale;
  void *y;
  size_t pixels, channels, blocks;
  size_t x_block, w_panel, y_block;
  uint32_t lane_mask; /* of the last block; the others are full */
  uint32_t relu, y_f32;
  float residual_scale; /* int8 */
  /* What the caller will read next, hints for software prefetch, which a kernel may ignore: the next call's weights,
   * all of them, and its x, blocks x_block apart as well. Nearby lines may be prefetched too. NULL and 0 if nothing. */
  const void *next_w;
  size_t next_w_bytes;
  const void *next_x;
} cardinal_conv1x1_args;

/* Fully connected layer: as conv1x1 with one pixel for each of `images` images.
 *   x  [images], x_image apart, of [channels], whole cells of them    y, residual  [images], y_image apart, of
 * [blocks][16] w  `blocks` panels, w_panel words of 32 bits apart, of [cells][16][channels of a cell]      bias, scale
 * [blocks][16] `blocks` is any number here: the kernel cuts it. */
typedef struct cardinal_fc_args {
  const void *x, *w, *residual;
  const float *bias, *scale;
  void *y;
  size_t images, channels, blocks;
  size_t x_image, w_panel, y_image;
  uint32_t lane_mask; /* of the last block */
  uint32_t relu, y_f32;
  float residual_scale; /* int8 */
} cardinal_fc_args;

/* Output rows [row_begin, row_end) of one output block of one image, all columns.
 *
 *   x         the image's first row and column, first lane of the first input block that this output block reads;
 *             input blocks of the group are x_block apart, rows x_row apart, pixels 16 apart.
 *             For the nchw kernels: the image's first plane; x_block is the distance of planes, pixels are 1 apart.
 *   w         this output block's packed weights
 *   bias      [16]
 *   scale     int8: [16]
 *   residual  as y, or NULL
 *   y         the image's row 0 and column 0 of this output block; rows y_row apart
 *   channels  input channels of a group
 *
 * Specialised kernels ignore the fields of the window that they fix (say kernel_h); their declines function guarantees
 * the values. Bottom and right padding follow from the sizes, not from the window: taps at or past in_height or
 * in_width are skipped. */
typedef struct cardinal_conv_args {
  const void *x, *w, *residual;
  const float *bias, *scale;
  void *y;
  size_t channels, slot;
  size_t in_height, in_width, out_width;
  size_t row_begin, row_end;
  size_t x_block, x_row, y_row;
  cardinal_window window;
  uint32_t lane_mask;
  uint32_t relu, y_f32;
  float residual_scale; /* int8 */
} cardinal_conv_args;

/* Pooling of output rows [row_begin, row_end) of one block of one image; fields as in cardinal_conv_args.
 *
 * Max: m = the first valid tap in row-major order; then for each further tap x: m = x if x > m or x is NaN and m
 * isn't; a NaN sticks. Global average: acc = +0; acc = acc + x over rows, and columns inside; then times
 * (float)(1.0 / (in_height * in_width)); one output pixel, rows ignored. Lanes outside lane_mask are +0.
 *
 * y has the format of x. bf16: the maximum is one of the values; averages are taken of f32, with the modes of f32, and
 * rounded to bf16 at last, a denormal one to zero. int8: the average is of the exact sum, in f32 times `scale`, raised
 * to -127 and lowered to 127, and rounded to nearest even. */
typedef struct cardinal_pool_args {
  const void *x;
  void *y;
  size_t in_height, in_width, out_width;
  size_t row_begin, row_end;
  size_t x_row, y_row;
  cardinal_window window;
  uint32_t lane_mask;
  float scale; /* of an average of int8 */
} cardinal_pool_args;

typedef void cardinal_conv1x1_kernel(const cardinal_conv1x1_args *args);
typedef void cardinal_fc_kernel(const cardinal_fc_args *args);
typedef void cardinal_conv_kernel(const cardinal_conv_args *args);
typedef void cardinal_pool_kernel(const cardinal_pool_args *args);

/* Declares each kernel of the registry: cardinal_<name>. */
#define CARDINAL_CONV1X1(name, ...) cardinal_conv1x1_kernel cardinal_##name;
#define CARDINAL_FC(name, ...) cardinal_fc_kernel cardinal_##name;
#define CARDINAL_CONV(name, ...) cardinal_conv_kernel cardinal_##name;
#define CARDINAL_POOL(name, ...) cardinal_pool_kernel cardinal_##name;
#include "kernels/kernels.def"
#undef CARDINAL_CONV1X1
#undef CARDINAL_FC
#undef CARDINAL_CONV
#undef CARDINAL_POOL

#endif /* CARDINAL_KERNELS_KERNEL_H */
