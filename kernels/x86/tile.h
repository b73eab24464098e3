/* SPDX-License-Identifier: BSD-3-Clause */
/* What the C side of tiles in assembly shares: kernels/x86/tile.inc has the other side. */
#ifndef CARDINAL_KERNELS_X86_TILE_H
#define CARDINAL_KERNELS_X86_TILE_H

#include "kernels/kernel.h"

/* Checks an offset that assembly uses against the struct. */
#define CARDINAL_TILE_OFFSET(type, field, offset)                                                                      \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " isn't where assembly looks for it")

/* All bits set in the lanes of `lane_mask`, none in the others. */
static inline void cardinal_tile_lanes(int32_t lanes[CARDINAL_BLOCK], uint32_t lane_mask) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    lanes[l] = -(int32_t)(lane_mask >> l & 1u);
}

/* What sums are raised to: 0 with ReLU; minus infinity, below which nothing is, without. */
static inline float cardinal_tile_floor(uint32_t relu) {
  return relu ? 0.0f : -__builtin_inff();
}

/* How `total` (pixels of a row, images) is cut into tiles of at most `most`: evenly, so that 49 pixels are a tile of 13
 * and three of 12, not three of 14 and one of 7. The first `larger` tiles have one more than `even`. */
typedef struct cardinal_tile_cut {
  size_t tiles, even, larger;
} cardinal_tile_cut;

static inline cardinal_tile_cut cardinal_tile_cut_of(size_t total, size_t most) {
  const size_t tiles = (total + most - 1) / most;
  return (cardinal_tile_cut){tiles, total / tiles, total % tiles};
}

#endif
