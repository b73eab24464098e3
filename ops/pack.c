/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/pack.h"

#include <math.h>
#include <string.h>

#include "kernels/format.h"
#include "kernels/kernel.h"
#include "ops/sizes.h"

/* One output channel's weights, [channels][taps], on their way into its lane of a panel. */
typedef struct lane {
  const float *floats; /* one of these */
  const int8_t *steps;
  float scale; /* int8 of floats */
  char *to;
} lane;

static void put_weight(const lane *l, cardinal_format format, size_t index, void *to) {
  if (l->steps) {
    *(int8_t *)to = l->steps[index];
  } else if (format == CARDINAL_FORMAT_F32) {
    memcpy(to, &l->floats[index], sizeof(float));
  } else if (format == CARDINAL_FORMAT_BF16) {
    const cardinal_bf16 rounded = cardinal_bf16_of_f32(l->floats[index]);
    memcpy(to, &rounded, sizeof rounded);
  } else {
    *(int8_t *)to = (int8_t)nearbyint((double)l->floats[index] / (double)l->scale);
  }
}

static void pack_lane(const cardinal_shape *s, lane l) {
  const size_t kernel_w = s->window.kernel_w, taps = s->window.kernel_h * kernel_w;
  const size_t cell = cardinal_cell_channels(s->format), bytes = cardinal_format_bytes(s->format);
  for (size_t first = 0; first < s->in_per_group; first += CARDINAL_BLOCK) {
    const size_t end = cardinal_min(first + CARDINAL_BLOCK, s->in_per_group);
    for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
      for (size_t c = first; c < end; c += cell)
        for (size_t kx = 0; kx < kernel_w; ++kx, l.to += CARDINAL_BLOCK * CARDINAL_CELL_BYTES)
          for (size_t i = 0; i < cardinal_min(cell, end - c); ++i)
            put_weight(&l, s->format, (c + i) * taps + ky * kernel_w + kx, l.to + i * bytes);
  }
}

float cardinal_weights_scale(const float *weights, size_t count) {
  float most = 0.0f;
  for (size_t i = 0; i < count; ++i)
    most = fmaxf(most, fabsf(weights[i]));
  const float scale = (float)((double)most / CARDINAL_INT8_MOST);
  /* Zeros, and weights so small that their scale has too few bits to be divided by. */
  return scale >= 0x1p-126f ? scale : 1.0f;
}

void cardinal_pack(const cardinal_shape *s, const cardinal_grouping *g, const cardinal_plain_weights *plain,
                   const cardinal_packed *to) {
  const size_t each = s->in_per_group * s->window.kernel_h * s->window.kernel_w;
  const size_t panels = g->units * g->out_blocks;
  memset(to->weights, 0, panels * to->panel_words * CARDINAL_CELL_BYTES);
  for (size_t at = 0; at < panels * CARDINAL_BLOCK; ++at) {
    const size_t b = at / CARDINAL_BLOCK, word = b * to->panel_words + at % CARDINAL_BLOCK;
    lane l = {.scale = 1.0f, .to = (char *)to->weights + word * CARDINAL_CELL_BYTES};
    size_t channel;
    const bool used = cardinal_grouping_channel(g, s->groups, s->out_per_group, b / g->out_blocks, b % g->out_blocks,
                                                at % CARDINAL_BLOCK, &channel);
    if (used && plain->steps) {
      l.steps = plain->steps + channel * each;
      l.scale = plain->scales[channel];
    } else if (used) {
      l.floats = plain->floats + channel * each;
      if (s->format == CARDINAL_FORMAT_INT8)
        l.scale = cardinal_weights_scale(l.floats, each);
    }
    if (used)
      pack_lane(s, l);
    if (s->format == CARDINAL_FORMAT_INT8)
      to->scales[at] = l.scale;
    to->bias[at] = used && plain->bias ? plain->bias[channel] : 0.0f;
    if (s->format == CARDINAL_FORMAT_BF16)
      to->bias[at] = cardinal_flush(to->bias[at]);
  }
}
