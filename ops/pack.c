/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/pack.h"

#include <string.h>

#include "kernels/kernel.h"
#include "ops/sizes.h"

/* One output channel's weights, [channels][taps], into its lane of a panel. */
static void pack_lane(const cardinal_shape *s, const float *from, float *to) {
  const size_t kernel_w = s->window.kernel_w, taps = s->window.kernel_h * kernel_w;
  for (size_t first = 0; first < s->in_per_group; first += CARDINAL_BLOCK) {
    const size_t channels = cardinal_min(CARDINAL_BLOCK, s->in_per_group - first);
    for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
      for (size_t c = first; c < first + channels; ++c)
        for (size_t kx = 0; kx < kernel_w; ++kx, to += CARDINAL_BLOCK)
          *to = from[c * taps + ky * kernel_w + kx];
  }
}

void cardinal_pack(const cardinal_shape *s, const cardinal_grouping *g, size_t panel_floats, const float *weights,
                   const float *bias, float *packed, float *packed_bias) {
  const size_t taps = s->window.kernel_h * s->window.kernel_w;
  const size_t blocks = g->units * g->out_blocks;
  memset(packed, 0, blocks * panel_floats * sizeof(float));
  for (size_t b = 0; b < blocks; ++b)
    for (size_t lane = 0; lane < CARDINAL_BLOCK; ++lane) {
      size_t channel;
      const bool used = cardinal_grouping_channel(g, s->groups, s->out_per_group, b / g->out_blocks, b % g->out_blocks,
                                                  lane, &channel);
      packed_bias[b * CARDINAL_BLOCK + lane] = used && bias ? bias[channel] : 0.0f;
      if (used)
        pack_lane(s, weights + channel * s->in_per_group * taps, packed + b * panel_floats + lane);
    }
}
