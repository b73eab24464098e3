/* SPDX-License-Identifier: BSD-3-Clause */
/* Cutting a length, of pixels or of images, into tiles. */
#ifndef CARDINAL_KERNELS_CUT_H
#define CARDINAL_KERNELS_CUT_H

#include <stddef.h>

#include "kernels/inline.h"

typedef struct cardinal_cut {
  size_t longer, longer_count; /* first these tiles */
  size_t shorter, shorter_count;
} cardinal_cut;

/* As few tiles as possible, none longer than the kernel's, with lengths that differ by at most one: 49 pixels become 4
 * tiles of 6 and 5 of 5 rather than 8 of 6 and a single pixel, which has too few independent sums. `length` and `most`
 * are at least 1. */
CARDINAL_INLINE cardinal_cut cardinal_cut_evenly(size_t length, size_t most) {
  const size_t tiles = (length + most - 1) / most;
  return (cardinal_cut){length / tiles + 1, length % tiles, length / tiles, tiles - length % tiles};
}

/* Tiles of `most`, and one of what is left: 49 pixels become 8 of 6 and a single one, which pays where a tile of 5
 * costs as much as one of 6. */
CARDINAL_INLINE cardinal_cut cardinal_cut_whole(size_t length, size_t most) {
  return (cardinal_cut){most, length / most, length % most, length % most > 0};
}

CARDINAL_INLINE size_t cardinal_cut_tiles(cardinal_cut cut) {
  return cut.longer_count + cut.shorter_count;
}

/* The length of tile `tile`. */
CARDINAL_INLINE size_t cardinal_cut_length(cardinal_cut cut, size_t tile) {
  return tile < cut.longer_count ? cut.longer : cut.shorter;
}

#endif
