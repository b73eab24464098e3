/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "kernels/generic/reference.h"

void cardinal_naive_conv(const cardinal_reference_shape *s, const float *x, const float *weights, const float *bias,
                         const float *residual, int relu, float *y) {
  const size_t in_group = s->in_channels / s->groups, out_group = s->out_channels / s->groups;
  for (size_t n = 0; n < s->batch; ++n)
    for (size_t o = 0; o < s->out_channels; ++o)
      for (size_t oy = 0; oy < s->out_height; ++oy)
        for (size_t ox = 0; ox < s->out_width; ++ox) {
          const size_t first_channel = n * s->in_channels + o / out_group * in_group;
          float acc = bias ? bias[o] : 0.0f;
          for (size_t c = 0; c < in_group; ++c)
            for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
              for (size_t kx = 0; kx < s->window.kernel_w; ++kx) {
                /* positions in the top and left padding wrap to huge values */
                const size_t iy = oy * s->window.stride_h + ky * s->window.dilation_h - s->window.pad_top;
                const size_t ix = ox * s->window.stride_w + kx * s->window.dilation_w - s->window.pad_left;
                if (iy >= s->in_height || ix >= s->in_width)
                  continue;
                acc += x[((first_channel + c) * s->in_height + iy) * s->in_width + ix] *
                       weights[((o * in_group + c) * s->window.kernel_h + ky) * s->window.kernel_w + kx];
              }
          const size_t at = ((n * s->out_channels + o) * s->out_height + oy) * s->out_width + ox;
          if (residual)
            acc += residual[at];
          y[at] = relu && acc < 0.0f ? 0.0f : acc;
        }
}

void cardinal_naive_max_pool(const cardinal_reference_shape *s, const float *x, float *y) {
  for (size_t plane = 0; plane < s->batch * s->in_channels; ++plane)
    for (size_t oy = 0; oy < s->out_height; ++oy)
      for (size_t ox = 0; ox < s->out_width; ++ox) {
        float m = -INFINITY;
        for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
          for (size_t kx = 0; kx < s->window.kernel_w; ++kx) {
            const size_t iy = oy * s->window.stride_h + ky - s->window.pad_top,
                         ix = ox * s->window.stride_w + kx - s->window.pad_left;
            if (iy >= s->in_height || ix >= s->in_width)
              continue;
            const float value = x[(plane * s->in_height + iy) * s->in_width + ix];
            m = value > m || value != value ? value : m;
          }
        y[(plane * s->out_height + oy) * s->out_width + ox] = m;
      }
}
