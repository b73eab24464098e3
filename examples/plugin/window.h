/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WINDOW_H
#define WINDOW_H

typedef struct window_shape {
  long groups, in_per_group, in_height, in_width, out_channels, out_height, out_width, kernel, stride, pad;
} window_shape;

/* y = conv(x, weights) + bias for one NCHW image and OIHW weights; square windows, the same padding on all sides. */
void window_conv(const window_shape *shape, const float *x, const float *weights, const float *bias, float *y);

#endif
