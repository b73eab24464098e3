/* SPDX-License-Identifier: BSD-3-Clause */
/* Which taps of a window exist. */
#ifndef CARDINAL_KERNELS_TAPS_H
#define CARDINAL_KERNELS_TAPS_H

#include <stddef.h>

/* Those of one output position in one direction: input positions [begin, end). */
typedef struct cardinal_taps {
  size_t begin, end;
} cardinal_taps;

/* Of output position `out`, in an input of `size`; the window holds at least one. */
static inline cardinal_taps cardinal_existing_taps(size_t out, size_t stride, size_t kernel, size_t pad, size_t size) {
  const size_t begin = out * stride, end = begin + kernel;
  return (cardinal_taps){begin > pad ? begin - pad : 0, end - pad < size ? end - pad : size};
}

#endif
