/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/tensor.h"

#include <string.h>

#include "gauntlet/memory.h"

const char *tensor_layout_name(cardinal_layout layout) {
  static const char *const names[] = {"blocked16", "nchw", "nhwc"};
  return names[layout];
}

size_t tensor_floats(cardinal_layout layout, size_t batch, size_t channels, size_t pixels) {
  return batch * pixels * (layout == CARDINAL_LAYOUT_BLOCKED16 ? (channels + 15) / 16 * 16 : channels);
}

size_t tensor_index(cardinal_layout layout, size_t channels, size_t pixels, size_t image, size_t channel,
                    size_t pixel) {
  switch (layout) {
  case CARDINAL_LAYOUT_NCHW:
    return (image * channels + channel) * pixels + pixel;
  case CARDINAL_LAYOUT_NHWC:
    return (image * pixels + pixel) * channels + channel;
  default:
    return ((image * ((channels + 15) / 16) + channel / 16) * pixels + pixel) * 16 + channel % 16;
  }
}

void tensor_spread(cardinal_layout layout, float *to, const float *nchw, size_t batch, size_t channels, size_t pixels) {
  memset(to, 0, tensor_floats(layout, batch, channels, pixels) * sizeof(float));
  for (size_t n = 0; n < batch; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < pixels; ++p)
        to[tensor_index(layout, channels, pixels, n, c, p)] = *nchw++;
}

size_t tensor_difference(cardinal_layout layout, const float *found, const float *expected, size_t batch,
                         size_t channels, size_t pixels) {
  size_t at = 0;
  for (size_t n = 0; n < batch; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < pixels; ++p, ++at)
        if (!gauntlet_same(found[tensor_index(layout, channels, pixels, n, c, p)], expected[at]))
          return at;
  for (size_t n = 0; layout == CARDINAL_LAYOUT_BLOCKED16 && n < batch; ++n)
    for (size_t c = channels; c % 16; ++c)
      for (size_t p = 0; p < pixels; ++p)
        if (!gauntlet_same(found[tensor_index(layout, channels, pixels, n, c, p)], +0.0f))
          return at + 1;
  return at;
}
