/* SPDX-License-Identifier: BSD-3-Clause */
/* Portable convolutions with a window: one loop nest, and one function for each case that has fast kernels, in which
 * the compiler sees the constants of that case. */
#include "kernels/generic/lanes.h"

/* What a caller of conv_rows knows at compile time. */
typedef struct window {
  size_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  size_t slot;    /* lanes that share their input channels */
  size_t x_pixel; /* floats from one pixel of x to the next: 16, or 1 for planes */
} window;

/* Whether input position `in` = out*stride - pad + k*dilation exists; *position is set if so. */
static inline int tap(size_t out, size_t stride, size_t k, size_t dilation, size_t pad, size_t size, size_t *position) {
  const size_t shifted = out * stride + k * dilation;
  *position = shifted - pad;
  return shifted >= pad && shifted - pad < size;
}

static inline void conv_pixel(const cardinal_conv_args *a, const window win, size_t row, size_t column) {
  float acc[CARDINAL_BLOCK];
  cardinal_lanes_copy(acc, a->bias);

  const float *w = a->w;
  for (size_t first = 0; first < a->channels; first += CARDINAL_BLOCK) {
    const size_t left = a->channels - first;
    const size_t channels = left < CARDINAL_BLOCK ? left : CARDINAL_BLOCK;
    for (size_t ky = 0; ky < win.kernel_h; ++ky) {
      size_t iy;
      if (!tap(row, win.stride_h, ky, win.dilation_h, a->pad_top, a->in_height, &iy)) {
        w += channels * win.kernel_w * CARDINAL_BLOCK;
        continue;
      }
      for (size_t c = 0; c < channels; ++c) {
        const float *x = win.x_pixel == 1 ? a->x + (first + c) * a->x_block + iy * a->x_row
                                          : a->x + first / CARDINAL_BLOCK * a->x_block + iy * a->x_row + c;
        for (size_t kx = 0; kx < win.kernel_w; ++kx, w += CARDINAL_BLOCK) {
          size_t ix;
          if (!tap(column, win.stride_w, kx, win.dilation_w, a->pad_left, a->in_width, &ix))
            continue;
          if (win.slot == CARDINAL_BLOCK)
            cardinal_lanes_fma(acc, x[ix * win.x_pixel], w);
          else
            cardinal_lanes_fma_slots(acc, x + ix * win.x_pixel, win.slot, w);
        }
      }
    }
  }

  const size_t at = row * a->y_row + column * CARDINAL_BLOCK;
  cardinal_lanes_finish(a->y + at, acc, a->residual ? a->residual + at : NULL, a->relu, a->lane_mask);
}

static inline void conv_rows(const cardinal_conv_args *a, const window win) {
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column)
      conv_pixel(a, win, row, column);
}

/* 3×3, stride 1 or 2, slots of a constant width. */
static inline void gconv3x3(const cardinal_conv_args *a, size_t slot) {
  if (a->stride_h == 1)
    conv_rows(a, (window){3, 3, 1, 1, 1, 1, slot, CARDINAL_BLOCK});
  else
    conv_rows(a, (window){3, 3, 2, 2, 1, 1, slot, CARDINAL_BLOCK});
}

void cardinal_gconv3x3_f32_w1_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 1);
}

void cardinal_gconv3x3_f32_w4_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 4);
}

void cardinal_gconv3x3_f32_w8_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 8);
}

void cardinal_gconv3x3_f32_w16_generic(const cardinal_conv_args *a) {
  gconv3x3(a, 16);
}

void cardinal_conv7x7s2_f32_nchw_generic(const cardinal_conv_args *a) {
  conv_rows(a, (window){7, 7, 2, 2, 1, 1, CARDINAL_BLOCK, 1});
}

void cardinal_conv_f32_generic(const cardinal_conv_args *a) {
  conv_rows(a, (window){a->kernel_h, a->kernel_w, a->stride_h, a->stride_w, a->dilation_h, a->dilation_w, a->slot,
                        CARDINAL_BLOCK});
}
