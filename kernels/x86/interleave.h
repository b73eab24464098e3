/* SPDX-License-Identifier: BSD-3-Clause */
/* A round of interleaving rows of numbers of one or two bytes (move_paths.h, which also says what includes this must
 * define), by one instruction, which works on both halves of a vector alike. */
#ifndef CARDINAL_KERNELS_X86_INTERLEAVE_H
#define CARDINAL_KERNELS_X86_INTERLEAVE_H

#include <immintrin.h>

#include "kernels/move_paths.h"

enum {
  BYTES = sizeof(cardinal_number) == 1
};

/* Eight rows. */
CARDINAL_INLINE void interleave_256(__m256i rows[8]) {
  __m256i mixed[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < 4; ++i) {
    const __m256i a = rows[i], b = rows[i + 4];
    mixed[2 * i] = BYTES ? _mm256_unpacklo_epi8(a, b) : _mm256_unpacklo_epi16(a, b);
    mixed[2 * i + 1] = BYTES ? _mm256_unpackhi_epi8(a, b) : _mm256_unpackhi_epi16(a, b);
  }
  CARDINAL_UNROLL
  for (size_t i = 0; i < 8; ++i)
    rows[i] = mixed[i];
}

/* At most eight rows. */
CARDINAL_INLINE void interleave_128(__m128i *rows, size_t count) {
  __m128i mixed[8];
  CARDINAL_UNROLL
  for (size_t i = 0; i < count / 2; ++i) {
    const __m128i a = rows[i], b = rows[i + count / 2];
    mixed[2 * i] = BYTES ? _mm_unpacklo_epi8(a, b) : _mm_unpacklo_epi16(a, b);
    mixed[2 * i + 1] = BYTES ? _mm_unpackhi_epi8(a, b) : _mm_unpackhi_epi16(a, b);
  }
  CARDINAL_UNROLL
  for (size_t i = 0; i < count; ++i)
    rows[i] = mixed[i];
}

#endif
