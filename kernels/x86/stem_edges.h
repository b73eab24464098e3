/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edges of the stem, for the x86 kernels.
 *
 * Only the first two and the last two windows of a row reach into the padding. In the tiles at the ends of a row these
 * pixels' products depend on a bit for each tap, tested by a branch in the assembly of the product, so that compilers
 * don't copy a tile for each way through it.
 */
#ifndef CARDINAL_KERNELS_X86_STEM_EDGES_H
#define CARDINAL_KERNELS_X86_STEM_EDGES_H

#include "kernels/stem.h"

enum {
  CARDINAL_STEM_EDGE_PIXELS = 2 /* at each end of a row */
};

/* One byte for each pixel of a tile that may reach into the padding: the first two, then the last and last but one. Bit
 * kx says whether the tap at kx is inside the image. */
typedef uint32_t cardinal_stem_taps;

/* Whether pixel `pixel` of a tile of `pixels` at the end of a row may reach into the padding. */
CARDINAL_INLINE int cardinal_stem_is_edge(size_t pixel, size_t pixels) {
  return pixel < CARDINAL_STEM_EDGE_PIXELS || pixel + CARDINAL_STEM_EDGE_PIXELS >= pixels;
}

/* The first bit of its byte. */
CARDINAL_INLINE uint32_t cardinal_stem_edge_bit(size_t pixel, size_t pixels) {
  const size_t byte = pixel < CARDINAL_STEM_EDGE_PIXELS ? pixel : CARDINAL_STEM_EDGE_PIXELS + pixels - 1 - pixel;
  return UINT32_C(1) << 8 * byte;
}

/* Those of a tile of `pixels` (a constant) whose first tap lies in column `column` of rows of `width`. */
CARDINAL_INLINE cardinal_stem_taps cardinal_stem_taps_of(ptrdiff_t column, size_t pixels, ptrdiff_t width) {
  cardinal_stem_taps taps = 0;
  for (size_t p = 0; p < pixels; ++p) {
    if (cardinal_stem_is_edge(p, pixels)) {
      const ptrdiff_t begin = column + (ptrdiff_t)p * CARDINAL_STEM_STRIDE;
      const ptrdiff_t first = begin < 0 ? -begin : 0;
      const ptrdiff_t end = width - begin < CARDINAL_STEM_KERNEL ? width - begin : CARDINAL_STEM_KERNEL;
      taps |= cardinal_stem_edge_bit(p, pixels) * ((1u << end) - (1u << first));
    }
  }
  return taps;
}

#endif
