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

/* How the floats of an image lie. */
typedef struct cardinal_image_layout {
  cardinal_layout layout;
  size_t channels, pixels;
} cardinal_image_layout;

/* Moves channels of `pixels` pixels, from pixel `first` on, from an image to slots [pixels][16] and back: `lanes`
 * channels from `channel` on, all in one block. Other lanes are left as they are. */
void cardinal_tensor_gather(cardinal_move_kernel *move, const cardinal_image_layout *layout, const float *image,
                            size_t channel, size_t lanes, size_t first, size_t pixels, float *slots);
void cardinal_tensor_scatter(cardinal_move_kernel *move, const cardinal_image_layout *layout, float *image,
                             size_t channel, size_t lanes, size_t first, size_t pixels, const float *slots);

/* Copies the channels of one block of one image between layouts; padding lanes of a blocked target become +0. */
void cardinal_tensor_convert_block(cardinal_move_kernel *move, cardinal_layout from_layout, const float *from,
                                   cardinal_layout to_layout, float *to, size_t channels, size_t pixels, size_t block);

static inline bool cardinal_overlap(const float *a, size_t a_floats, const float *b, size_t b_floats) {
  const uintptr_t a_begin = (uintptr_t)a, b_begin = (uintptr_t)b;
  return a_begin < b_begin + b_floats * sizeof(float) && b_begin < a_begin + a_floats * sizeof(float);
}

#endif
