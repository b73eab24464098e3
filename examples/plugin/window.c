/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody's own convolution: plain loops over NCHW tensors, as a first version would be written. */
#include "window.h"

void window_conv(const window_shape *s, const float *x, const float *weights, const float *bias, float *y) {
  for (long o = 0; o < s->out_channels; ++o)
    for (long row = 0; row < s->out_height; ++row)
      for (long column = 0; column < s->out_width; ++column) {
        const long first = o / (s->out_channels / s->groups) * s->in_per_group;
        float sum = bias[o];
        for (long c = 0; c < s->in_per_group; ++c)
          for (long ky = 0; ky < s->kernel; ++ky)
            for (long kx = 0; kx < s->kernel; ++kx) {
              const long iy = row * s->stride + ky - s->pad, ix = column * s->stride + kx - s->pad;
              if (iy >= 0 && iy < s->in_height && ix >= 0 && ix < s->in_width)
                sum += x[((first + c) * s->in_height + iy) * s->in_width + ix] *
                       weights[((o * s->in_per_group + c) * s->kernel + ky) * s->kernel + kx];
            }
        y[(o * s->out_height + row) * s->out_width + column] = sum;
      }
}
