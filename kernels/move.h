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
 * with the bits kept, those of NaNs too. The strides are in floats, and say every layout: of a pixel and a channel they
 * are 1 and the plane's size in NCHW, the number of channels and 1 in NHWC, 16 and 1 in a block. The pointers are
 * aligned to 4 bytes only. Nothing but these floats is read or written; `from` and `to` don't overlap. */
typedef struct cardinal_move_args {
  const float *from;
  float *to;
  size_t pixels, lanes;
  size_t from_pixel, from_lane, to_pixel, to_lane;
} cardinal_move_args;

typedef void cardinal_move_kernel(const cardinal_move_args *args);

typedef struct cardinal_mover {
  const char *name;
  cardinal_isa isa; /* the cap from which on it may be used */
  uint32_t needs;   /* CARDINAL_CPU_... bits, all of them */
  cardinal_move_kernel *move;
} cardinal_mover;

/* In order of preference; the last one, the portable one, runs everywhere. */
extern const cardinal_mover cardinal_movers[];
extern const size_t cardinal_mover_count;

cardinal_move_kernel cardinal_move_f32_generic, cardinal_move_f32_avx2, cardinal_move_f32_avx512,
    cardinal_move_f32_neon;

#endif
