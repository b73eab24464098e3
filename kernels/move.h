/* SPDX-License-Identifier: BSD-3-Clause */
/* Moving activations from one layout to another: kernels beside those of the registry, since they compute nothing. */
#ifndef CARDINAL_KERNELS_MOVE_H
#define CARDINAL_KERNELS_MOVE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/features.h"

/* For each of `pixels` pixels p and `lanes` lanes l, 1 to 16:
 *
 *     to[p * to_pixel + l * to_lane] = from[p * from_pixel + l * from_lane]
 *
 * with the bits kept, those of NaNs too, or rounded to another format: floats to bf16 (kernels/format.h), or to int8,
 * to the nearest integer of float / scale, raised to 0 and lowered to 127. The strides are in numbers, and say every
 * layout: of a pixel and a channel they are 1 and the plane's size in NCHW, the number of channels and 1 in NHWC, 16
 * and 1 in a block. The pointers are aligned to a number only. Nothing but these numbers is read or written; `from` and
 * `to` don't overlap. */
typedef struct cardinal_move_args {
  const void *from;
  void *to;
  size_t pixels, lanes;
  size_t from_pixel, from_lane, to_pixel, to_lane;
  float scale; /* where floats become int8 */
} cardinal_move_args;

typedef void cardinal_move_kernel(const cardinal_move_args *args);

typedef struct cardinal_mover {
  const char *name;
  cardinal_isa isa; /* the cap from which on it may be used */
  uint32_t needs;   /* CARDINAL_CPU_... bits, all of them */
  cardinal_format from, to;
  cardinal_move_kernel *move;
} cardinal_mover;

/* Those of two formats in order of preference; the last one, the portable one, runs everywhere. */
extern const cardinal_mover cardinal_movers[];
extern const size_t cardinal_mover_count;

cardinal_move_kernel cardinal_move_f32_generic, cardinal_move_f32_avx2, cardinal_move_f32_avx512,
    cardinal_move_f32_neon;

cardinal_move_kernel cardinal_move_bf16_generic, cardinal_move_bf16_avx2, cardinal_move_bf16_neon;

cardinal_move_kernel cardinal_move_int8_generic, cardinal_move_int8_avx2, cardinal_move_int8_neon;

cardinal_move_kernel cardinal_move_f32_to_bf16_generic, cardinal_move_f32_to_int8_generic;

/* For each of `pixels` pixels p and `blocks` blocks b, of `bytes` bytes, which are those of 16 numbers of a format:
 *
 *     to[p * to_pixel + b * to_block] = from[p * from_pixel + b * from_block]
 *
 * with strides in bytes: whole blocks of NHWC pixels to slots and back, all blocks of a pixel before the next one's.
 * Nothing else is read or written; `from` and `to` don't overlap, and needn't be aligned. */
typedef struct cardinal_copy_args {
  const void *from;
  void *to;
  size_t pixels, blocks, bytes;
  size_t from_pixel, from_block, to_pixel, to_block;
} cardinal_copy_args;

typedef void cardinal_copy_kernel(const cardinal_copy_args *args);

typedef struct cardinal_copier {
  const char *name;
  cardinal_isa isa;
  uint32_t needs;
  cardinal_copy_kernel *copy;
} cardinal_copier;

/* In order of preference; the last one runs everywhere. */
extern const cardinal_copier cardinal_copiers[];
extern const size_t cardinal_copier_count;

cardinal_copy_kernel cardinal_copy_generic, cardinal_copy_avx2, cardinal_copy_avx512;

#endif
