/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_OPS_TENSOR_H
#define CARDINAL_OPS_TENSOR_H

#include <stdbool.h>

#include <cardinal/cardinal.h>

#include "kernels/kernel.h"
#include "kernels/move.h"

static inline size_t cardinal_blocks(size_t channels) {
  return (channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
}

/* Index of one element inside an image. */
size_t cardinal_tensor_at(cardinal_layout layout, size_t channels, size_t pixels, size_t channel, size_t pixel);

/* How the numbers of an image lie. */
typedef struct cardinal_image_layout {
  cardinal_layout layout;
  size_t channels, pixels;
} cardinal_image_layout;

/* How numbers of one format become those of another, or the same, on the way between layouts. */
typedef struct cardinal_transfer {
  cardinal_move_kernel *move;
  cardinal_copy_kernel *copy; /* of whole blocks, where the format stays */
  cardinal_format from, to;
  float scale; /* where floats become int8 */
} cardinal_transfer;

/* Moves channels of `pixels` pixels, from pixel `first` on, from an image to slots [pixels][16] and back: `lanes`
 * channels from `channel` on, all in one block. Other lanes are left as they are. */
void cardinal_tensor_gather(const cardinal_transfer *transfer, const cardinal_image_layout *layout, const void *image,
                            size_t channel, size_t lanes, size_t first, size_t pixels, void *slots);
/* The same of every `step`-th pixel from `first` on. */
void cardinal_tensor_gather_strided(const cardinal_transfer *transfer, const cardinal_image_layout *layout,
                                    const void *image, size_t channel, size_t lanes, size_t first, size_t step,
                                    size_t pixels, void *slots);
void cardinal_tensor_scatter(const cardinal_transfer *transfer, const cardinal_image_layout *layout, void *image,
                             size_t channel, size_t lanes, size_t first, size_t pixels, const void *slots);

/* Copies whole blocks of an NHWC image's pixels to slots [block][pixels][16], whose blocks are `distance` numbers
 * apart, and back: `blocks` of them from block `block` on, of `pixels` pixels from `first` on. */
void cardinal_nhwc_gather(const cardinal_transfer *transfer, const cardinal_image_layout *layout, const void *image,
                          size_t block, size_t blocks, size_t first, size_t pixels, void *slots, size_t distance);
void cardinal_nhwc_scatter(const cardinal_transfer *transfer, const cardinal_image_layout *layout, void *image,
                           size_t block, size_t blocks, size_t first, size_t pixels, const void *slots,
                           size_t distance);

/* Copies the channels of one block of one image between layouts; padding lanes of a blocked target become +0. */
void cardinal_tensor_convert_block(const cardinal_transfer *transfer, cardinal_layout from_layout, const void *from,
                                   cardinal_layout to_layout, void *to, size_t channels, size_t pixels, size_t block);

static inline bool cardinal_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
  const uintptr_t a_begin = (uintptr_t)a, b_begin = (uintptr_t)b;
  return a_begin < b_begin + b_bytes && b_begin < a_begin + a_bytes;
}

#endif
