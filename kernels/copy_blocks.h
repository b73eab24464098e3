/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop of copies of whole blocks (kernels/move.h), around an ISA's way to copy one. */
#ifndef CARDINAL_KERNELS_COPY_BLOCKS_H
#define CARDINAL_KERNELS_COPY_BLOCKS_H

#include "kernels/inline.h"
#include "kernels/move.h"

/* Copies a block, whose bytes are a constant after inlining. */
typedef void cardinal_copy_block(char *to, const char *from, size_t bytes);

/* Images are read and written as they lie in memory. Their pixels are too far apart for the hardware's prefetchers, so
 * that some ahead are asked for; slots, whose pixels are neighbours, are better left to it. */
CARDINAL_INLINE void cardinal_copy_pixels_of(cardinal_copy_args a, size_t bytes, cardinal_copy_block *copy,
                                             _Bool from_image, _Bool to_image) {
  enum {
    AHEAD = 8
  };
  const char *from = a.from;
  char *to = a.to;
  for (size_t p = 0; p < a.pixels; ++p, from += a.from_pixel, to += a.to_pixel)
    for (size_t b = 0; b < a.blocks; ++b) {
      if (from_image)
        __builtin_prefetch(from + AHEAD * a.from_pixel + b * a.from_block);
      if (to_image)
        __builtin_prefetch(to + AHEAD * a.to_pixel + b * a.to_block, 1);
      copy(to + b * a.to_block, from + b * a.from_block, bytes);
    }
}

/* One loop for each way. */
CARDINAL_INLINE void cardinal_copy_bytes(const cardinal_copy_args *a, size_t bytes, cardinal_copy_block *copy) {
  if (a->to_pixel == bytes)
    cardinal_copy_pixels_of(*a, bytes, copy, 1, 0);
  else
    cardinal_copy_pixels_of(*a, bytes, copy, 0, 1);
}

CARDINAL_INLINE void cardinal_copy_blocks(const cardinal_copy_args *a, cardinal_copy_block *copy) {
  switch (a->bytes) {
  case 64:
    cardinal_copy_bytes(a, 64, copy);
    break;
  case 32:
    cardinal_copy_bytes(a, 32, copy);
    break;
  case 16:
    cardinal_copy_bytes(a, 16, copy);
    break;
  }
}

#endif
