/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/generic/reference.h"

#include <math.h>

void cardinal_reference_conv(const cardinal_reference_shape *s, const float *x, const float *weights, const float *bias,
                             const float *residual, int relu, double *y, double *magnitude) {
  const size_t in_group = s->in_channels / s->groups, out_group = s->out_channels / s->groups;
  const size_t in_plane = s->in_height * s->in_width, taps = s->window.kernel_h * s->window.kernel_w;
  size_t at = 0;
  for (size_t n = 0; n < s->batch; ++n)
    for (size_t o = 0; o < s->out_channels; ++o) {
      const float *image = x + (n * s->in_channels + o / out_group * in_group) * in_plane;
      for (size_t oy = 0; oy < s->out_height; ++oy)
        for (size_t ox = 0; ox < s->out_width; ++ox, ++at) {
          double sum = bias ? (double)bias[o] : 0.0;
          double absolute = fabs(sum);
          for (size_t ky = 0; ky < s->window.kernel_h; ++ky) {
            const size_t iy = oy * s->window.stride_h + ky * s->window.dilation_h - s->window.pad_top;
            if (iy >= s->in_height)
              continue;
            for (size_t kx = 0; kx < s->window.kernel_w; ++kx) {
              const size_t ix = ox * s->window.stride_w + kx * s->window.dilation_w - s->window.pad_left;
              if (ix >= s->in_width)
                continue;
              for (size_t c = 0; c < in_group; ++c) {
                const double product = (double)image[c * in_plane + iy * s->in_width + ix] *
                                       (double)weights[(o * in_group + c) * taps + ky * s->window.kernel_w + kx];
                sum += product;
                absolute += fabs(product);
              }
            }
          }
          if (residual) {
            sum += (double)residual[at];
            absolute += fabs((double)residual[at]);
          }
          y[at] = relu && sum < 0.0 ? 0.0 : sum;
          if (magnitude)
            magnitude[at] = absolute;
        }
    }
}

size_t cardinal_reference_products(const cardinal_reference_shape *s) {
  return s->in_channels / s->groups * s->window.kernel_h * s->window.kernel_w;
}

double cardinal_reference_bound(size_t products, double magnitude) {
  const double n = (double)products + 2.0, u = 0x1p-24;
  return n * u / (1.0 - n * u) * magnitude + n * 0x1p-149;
}
