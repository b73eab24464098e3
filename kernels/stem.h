/* SPDX-License-Identifier: BSD-3-Clause */
/* The stem, 7×7 with stride 2 and padding 3: its geometry, and the loop over its rows and tiles. */
#ifndef CARDINAL_KERNELS_STEM_H
#define CARDINAL_KERNELS_STEM_H

#include "kernels/cut.h"
#include "kernels/kernel.h"

enum {
  CARDINAL_STEM_KERNEL = 7,
  CARDINAL_STEM_STRIDE = 2,
  CARDINAL_STEM_PAD = 3
};

/* The window's rows that lie inside the image: ky from `begin` to `end`; `x` is the input row of ky = begin. */
typedef struct cardinal_stem_rows {
  size_t begin, end;
  const float *x;
} cardinal_stem_rows;

CARDINAL_INLINE cardinal_stem_rows cardinal_stem_rows_of(const cardinal_conv_args *a, size_t row) {
  const size_t top = row * CARDINAL_STEM_STRIDE; /* input row of ky = 0, counted from the padding's */
  const size_t begin = top < CARDINAL_STEM_PAD ? CARDINAL_STEM_PAD - top : 0;
  const size_t below = a->in_height + CARDINAL_STEM_PAD - top;
  return (cardinal_stem_rows){begin, below < CARDINAL_STEM_KERNEL ? below : CARDINAL_STEM_KERNEL,
                              (const float *)a->x + (top + begin - CARDINAL_STEM_PAD) * a->x_row};
}

/* `pixels` pixels of output row `row` from column `first` on. */
typedef void cardinal_stem_tile(const cardinal_conv_args *a, size_t row, size_t first, size_t pixels);

/* All tiles of a call. A row's first, its last and its only tile may reach into the padding. */
CARDINAL_INLINE void cardinal_stem_tiles(const cardinal_conv_args *a, cardinal_cut cut, cardinal_stem_tile *first_tile,
                                         cardinal_stem_tile *middle_tile, cardinal_stem_tile *last_tile) {
  const size_t tiles = cardinal_cut_tiles(cut);
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t t = 0, first = 0; t < tiles; ++t) {
      const size_t pixels = cardinal_cut_length(cut, t);
      if (t == 0)
        first_tile(a, row, first, pixels);
      else if (t + 1 < tiles)
        middle_tile(a, row, first, pixels);
      else
        last_tile(a, row, first, pixels);
      first += pixels;
    }
}

#endif
