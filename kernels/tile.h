/* SPDX-License-Identifier: BSD-3-Clause */
/* What the C side of tiles in assembly shares: the other side is tile.inc of each architecture. */
#ifndef CARDINAL_KERNELS_TILE_H
#define CARDINAL_KERNELS_TILE_H

#include "kernels/cut.h"
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

#endif
