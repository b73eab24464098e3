/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop nest of the portable convolutions with a window. */
#ifndef CARDINAL_KERNELS_GENERIC_CONV_H
#define CARDINAL_KERNELS_GENERIC_CONV_H

#include "kernels/generic/lanes.h"

/* What a caller of conv_rows knows at compile time; the paddings always come with the arguments. */
typedef struct known {
  cardinal_format format;
  cardinal_window window;
  size_t slot;    /* lanes that share their input channels */
  size_t x_pixel; /* numbers from one pixel of x to the next: 16, or 1 for planes, whose cells are single channels */
} known;

/* Whether input position `in` = out*stride - pad + k*dilation exists; *position is set if so. */
CARDINAL_INLINE int tap(size_t out, size_t stride, size_t k, size_t dilation, size_t pad, size_t size,
                        size_t *position) {
  const size_t shifted = out * stride + k * dilation;
  *position = shifted - pad;
  return shifted >= pad && shifted - pad < size;
}

CARDINAL_INLINE void conv_pixel(const cardinal_conv_args *a, const known k, size_t row, size_t column) {
  const cardinal_finish finish = CARDINAL_FINISH_OF(a);
  cardinal_sums sums;
  cardinal_lanes_start(&sums, k.format, &finish);

  const size_t cell = cardinal_cell_channels(k.format);
  const char *w = a->w;
  for (size_t first = 0; first < a->channels; first += CARDINAL_BLOCK) {
    const size_t left = a->channels - first;
    const size_t channels = left < CARDINAL_BLOCK ? left : CARDINAL_BLOCK;
    for (size_t ky = 0; ky < k.window.kernel_h; ++ky) {
      size_t iy;
      if (!tap(row, k.window.stride_h, ky, k.window.dilation_h, a->window.pad_top, a->in_height, &iy)) {
        w += cardinal_cells(k.format, channels) * k.window.kernel_w * CARDINAL_BLOCK * CARDINAL_CELL_BYTES;
        continue;
      }
      for (size_t c = 0; c < channels; c += cell) {
        const size_t x = k.x_pixel == 1 ? (first + c) * a->x_block + iy * a->x_row
                                        : first / CARDINAL_BLOCK * a->x_block + iy * a->x_row + c;
        const size_t exist = channels - c < cell ? channels - c : cell;
        for (size_t kx = 0; kx < k.window.kernel_w; ++kx, w += CARDINAL_BLOCK * CARDINAL_CELL_BYTES) {
          size_t ix;
          if (tap(column, k.window.stride_w, kx, k.window.dilation_w, a->window.pad_left, a->in_width, &ix))
            cardinal_lanes_product(&sums, k.format, cardinal_at(a->x, k.format, x + ix * k.x_pixel), k.slot, w, exist);
        }
      }
    }
  }
  /* Of a copy: gcc 12 would keep in memory what is read in more than one place afterwards. */
  const cardinal_sums done = sums;
  cardinal_lanes_finish(&done, k.format, &finish, a->residual, a->y, row * a->y_row + column * CARDINAL_BLOCK);
}

CARDINAL_INLINE void conv_rows(const cardinal_conv_args *a, const known k) {
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t column = 0; column < a->out_width; ++column)
      conv_pixel(a, k, row, column);
}

/* Any window. Each width of slots has a loop of its own, in which the compiler sees it as a constant. */
CARDINAL_INLINE void conv_any(const cardinal_conv_args *a, cardinal_format format) {
  switch (a->slot) {
  case 1:
    conv_rows(a, (known){format, a->window, 1, CARDINAL_BLOCK});
    break;
  case 4:
    conv_rows(a, (known){format, a->window, 4, CARDINAL_BLOCK});
    break;
  case 8:
    conv_rows(a, (known){format, a->window, 8, CARDINAL_BLOCK});
    break;
  default:
    conv_rows(a, (known){format, a->window, CARDINAL_BLOCK, CARDINAL_BLOCK});
  }
}

#endif
