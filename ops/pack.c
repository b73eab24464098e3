/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/pack.h"

#include <string.h>

/* The output channel in lane `lane` of a block; false if the lane has none. */
static bool lane_channel(const cardinal_plan *plan, size_t unit, size_t block, size_t lane, size_t *channel) {
  const cardinal_grouping *g = &plan->grouping;
  const size_t out = plan->shape.out_per_group;
  const size_t group = unit * g->groups_per_unit + (g->slot < CARDINAL_BLOCK ? lane / g->slot : 0);
  const size_t in_group = g->slot < CARDINAL_BLOCK ? lane % g->slot : block * CARDINAL_BLOCK + lane;
  *channel = group * out + in_group;
  return group < plan->shape.groups && in_group < out;
}

uint32_t cardinal_plan_lane_mask(const cardinal_plan *plan, size_t unit, size_t block) {
  uint32_t mask = 0;
  size_t channel;
  for (size_t lane = 0; lane < CARDINAL_BLOCK; ++lane)
    if (lane_channel(plan, unit, block, lane, &channel))
      mask |= 1u << lane;
  return mask;
}

void cardinal_pack(const cardinal_plan *plan, const float *weights, const float *bias) {
  const cardinal_shape *s = &plan->shape;
  const size_t taps = s->window.kernel_h * s->window.kernel_w, kernel_w = s->window.kernel_w;
  const size_t blocks = plan->grouping.units * plan->grouping.out_blocks;
  memset(plan->weights, 0, plan->weight_floats * sizeof(float));

  for (size_t b = 0; b < blocks; ++b) {
    for (size_t lane = 0; lane < CARDINAL_BLOCK; ++lane) {
      size_t channel;
      const bool used =
          lane_channel(plan, b / plan->grouping.out_blocks, b % plan->grouping.out_blocks, lane, &channel);
      plan->bias[b * CARDINAL_BLOCK + lane] = used && bias ? bias[channel] : 0.0f;
      if (!used)
        continue;
      const float *from = weights + channel * s->in_per_group * taps;
      float *to = plan->weights + b * plan->panel_floats + lane;
      for (size_t first = 0; first < s->in_per_group; first += CARDINAL_BLOCK) {
        const size_t channels = cardinal_min(CARDINAL_BLOCK, s->in_per_group - first);
        for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
          for (size_t c = first; c < first + channels; ++c)
            for (size_t kx = 0; kx < kernel_w; ++kx, to += CARDINAL_BLOCK)
              *to = from[c * taps + ky * kernel_w + kx];
      }
    }
  }
}
