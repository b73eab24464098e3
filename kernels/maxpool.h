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

/* Writes the 16 maxima of the taps, zeros outside the lanes, which are a mask of whatever kind the kernel takes. */
typedef void cardinal_pool_pixel(void *y, cardinal_pool_taps taps, const void *lanes);

/* Windows of 3×3 that lie inside the image have loops of constant length, once `pixel` is inlined. */
CARDINAL_INLINE void cardinal_max_pool(const cardinal_pool_args *a, cardinal_format format, cardinal_pool_pixel *pixel,
                                       const void *lanes) {
  const size_t bytes = cardinal_format_bytes(format);
  cardinal_pool_taps taps = {.x_row = a->x_row * bytes};
  for (size_t row = a->row_begin; row < a->row_end; ++row) {
    const cardinal_taps rows =
        cardinal_existing_taps(row, a->window.stride_h, a->window.kernel_h, a->window.pad_top, a->in_height);
    taps.rows = rows.end - rows.begin;
    for (size_t column = 0; column < a->out_width; ++column) {
      const cardinal_taps columns =
          cardinal_existing_taps(column, a->window.stride_w, a->window.kernel_w, a->window.pad_left, a->in_width);
      taps.columns = columns.end - columns.begin;
      taps.x = (const char *)a->x + (rows.begin * a->x_row + columns.begin * CARDINAL_BLOCK) * bytes;
      char *y = (char *)a->y + (row * a->y_row + column * CARDINAL_BLOCK) * bytes;
      if (taps.rows == 3 && taps.columns == 3)
        pixel(y, (cardinal_pool_taps){taps.x, taps.x_row, 3, 3}, lanes);
      else
        pixel(y, taps, lanes);
    }
  }
}

#endif
