/* SPDX-License-Identifier: BSD-3-Clause */
/* How the groups of a convolution share blocks of 16 channels. */
#ifndef CARDINAL_OPS_GROUPING_H
#define CARDINAL_OPS_GROUPING_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/shape.h"

/* Where the groups' channels lie in slot-aligned activations, and how the output is cut into units: a unit is the
 * least number of groups that fills whole blocks, 16/slot groups (one block) or one group (slot 16). */
typedef struct cardinal_grouping {
  size_t slot;
  size_t groups_per_unit, units;
  size_t in_blocks, out_blocks; /* of one unit */
  bool x_aligned, y_aligned;    /* whether the tensor's own channels lie slot-aligned already */
} cardinal_grouping;

cardinal_grouping cardinal_grouping_of(const cardinal_shape *shape);

/* The channel in lane `lane` of a unit's block, on the side of the convolution where a group has `per_group` channels;
 * false if the lane has none. */
bool cardinal_grouping_channel(const cardinal_grouping *grouping, size_t groups, size_t per_group, size_t unit,
                               size_t block, size_t lane, size_t *channel);

/* Bit mask of the lanes of an output block that hold channels. */
uint32_t cardinal_grouping_lane_mask(const cardinal_grouping *grouping, const cardinal_shape *shape, size_t unit,
                                     size_t block);

#endif
