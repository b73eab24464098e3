/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/grouping.h"

#include "ops/sizes.h"
#include "ops/tensor.h"

cardinal_grouping cardinal_grouping_of(const cardinal_shape *s) {
  /* One channel of a pool is one lane, not a group that has a block for itself. */
  cardinal_grouping g = {.slot = s->operation == CARDINAL_OPERATION_CONV ? cardinal_shape_slot(s) : 1};
  if (g.slot < CARDINAL_BLOCK) {
    g.groups_per_unit = CARDINAL_BLOCK / g.slot;
    g.in_blocks = g.out_blocks = 1;
    g.x_aligned = s->in_per_group == g.slot;
    g.y_aligned = s->out_per_group == g.slot;
  } else {
    g.groups_per_unit = 1;
    g.in_blocks = cardinal_blocks(s->in_per_group);
    g.out_blocks = cardinal_blocks(s->out_per_group);
    g.x_aligned = s->groups == 1 || s->in_per_group % CARDINAL_BLOCK == 0;
    g.y_aligned = s->groups == 1 || s->out_per_group % CARDINAL_BLOCK == 0;
  }
  g.units = cardinal_ceil_div(s->groups, g.groups_per_unit);
  return g;
}

bool cardinal_grouping_channel(const cardinal_grouping *g, size_t groups, size_t per_group, size_t unit, size_t block,
                               size_t lane, size_t *channel) {
  const size_t group = unit * g->groups_per_unit + (g->slot < CARDINAL_BLOCK ? lane / g->slot : 0);
  const size_t in_group = g->slot < CARDINAL_BLOCK ? lane % g->slot : block * CARDINAL_BLOCK + lane;
  *channel = group * per_group + in_group;
  return group < groups && in_group < per_group;
}

uint32_t cardinal_grouping_lane_mask(const cardinal_grouping *g, const cardinal_shape *s, size_t unit, size_t block) {
  uint32_t mask = 0;
  size_t channel;
  for (size_t lane = 0; lane < CARDINAL_BLOCK; ++lane)
    if (cardinal_grouping_channel(g, s->groups, s->out_per_group, unit, block, lane, &channel))
      mask |= 1u << lane;
  return mask;
}
