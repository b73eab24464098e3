/* SPDX-License-Identifier: BSD-3-Clause */
/* The geometry of a convolution or a pool, the same struct wherever it is told. */
#ifndef CARDINAL_KERNELS_WINDOW_H
#define CARDINAL_KERNELS_WINDOW_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* Output row r reads the input rows r*stride_h - pad_top + ky*dilation_h for ky in [0, kernel_h), columns likewise.
 * Taps in the padding are skipped. */
typedef struct cardinal_window {
  size_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  size_t pad_top, pad_left, pad_bottom, pad_right;
} cardinal_window;

/* Rows, or columns, from the first to the last input position that an output position reads. */
static inline size_t cardinal_window_height(const cardinal_window *w) {
  return (w->kernel_h - 1) * w->dilation_h + 1;
}
static inline size_t cardinal_window_width(const cardinal_window *w) {
  return (w->kernel_w - 1) * w->dilation_w + 1;
}

/* The same in both directions. */
static inline cardinal_window cardinal_square_window(size_t kernel, size_t stride, size_t dilation, size_t pad) {
  return (cardinal_window){kernel, kernel, stride, stride, dilation, dilation, pad, pad, pad, pad};
}

/* Those of descriptors whose sizes were checked. */
static inline cardinal_window cardinal_window_of_conv(const cardinal_conv_desc *d) {
  return (cardinal_window){
      .kernel_h = (size_t)d->kernel_height,
      .kernel_w = (size_t)d->kernel_width,
      .stride_h = (size_t)d->stride_height,
      .stride_w = (size_t)d->stride_width,
      .dilation_h = (size_t)d->dilation_height,
      .dilation_w = (size_t)d->dilation_width,
      .pad_top = (size_t)d->pad_top,
      .pad_left = (size_t)d->pad_left,
      .pad_bottom = (size_t)d->pad_bottom,
      .pad_right = (size_t)d->pad_right,
  };
}
static inline cardinal_window cardinal_window_of_pool(const cardinal_pool_desc *d) {
  return (cardinal_window){
      .kernel_h = (size_t)d->kernel_height,
      .kernel_w = (size_t)d->kernel_width,
      .stride_h = (size_t)d->stride_height,
      .stride_w = (size_t)d->stride_width,
      .dilation_h = 1,
      .dilation_w = 1,
      .pad_top = (size_t)d->pad_top,
      .pad_left = (size_t)d->pad_left,
      .pad_bottom = (size_t)d->pad_bottom,
      .pad_right = (size_t)d->pad_right,
  };
}

#endif
