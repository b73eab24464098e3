/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops of max pooling, around what a kernel does with a pixel. */
#ifndef CARDINAL_KERNELS_MAXPOOL_H
#define CARDINAL_KERNELS_MAXPOOL_H

#include "kernels/format.h"
#include "kernels/kernel.h"
#include "kernels/taps.h"

/* The taps of one output pixel that exist: `rows` x_row bytes apart, of `columns` neighbouring pixels. */
typedef struct cardinal_pool_taps {
  const char *x;
  size_t x_row, rows, columns;
} cardinal_pool_taps;

/* The row of taps after that at x. Where it is, compilers must not know: they would reckon each tap's distance from
 * taps.x ahead of all loops, and keep those in memory. */
CARDINAL_INLINE const char *cardinal_pool_next_row(const char *x, cardinal_pool_taps taps) {
  x += taps.x_row;
  __asm__("" : "+r"(x));
  return x;
}

/* Writes the 16 maxima of the taps, zeros outside the lanes, which are a mask of whatever kind the kernel takes. */
typedef void cardinal_pool_pixel(void *y, cardinal_pool_taps taps, const void *lanes);

/* Windows of 3×3 that lie inside the image have loops of constant length, once `pixel` is inlined. What all pixels need
 * is copied, since it might change with each that is written, for all that compilers know. */
CARDINAL_INLINE void cardinal_max_pool(const cardinal_pool_args *a, cardinal_format format, cardinal_pool_pixel *pixel,
                                       const void *lanes) {
  const size_t bytes = cardinal_format_bytes(format);
  const cardinal_window win = a->window;
  const size_t in_width = a->in_width, out_width = a->out_width;
  cardinal_pool_taps taps = {.x_row = a->x_row * bytes};
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_taps rows = cardinal_existing_taps(row, win.stride_h, win.kernel_h, win.pad_top, a->in_height);
    taps.rows = rows.end - rows.begin;
    const char *first_row = (const char *)a->x + rows.begin * a->x_row * bytes;
    char *y = (char *)a->y + row * a->y_row * bytes;
    for (size_t column = 0; column < out_width; ++column, y += CARDINAL_BLOCK * bytes) {
      const cardinal_taps columns = cardinal_existing_taps(column, win.stride_w, win.kernel_w, win.pad_left, in_width);
      taps.columns = columns.end - columns.begin;
      taps.x = first_row + columns.begin * CARDINAL_BLOCK * bytes;
      if (taps.rows == 3 && taps.columns == 3)
        pixel(y, (cardinal_pool_taps){taps.x, taps.x_row, 3, 3}, lanes);
      else
        pixel(y, taps, lanes);
    }
  }
}

#endif
