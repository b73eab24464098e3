/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of whole blocks with AVX2: up to two vectors each. */
#include <immintrin.h>

#include "kernels/copy_blocks.h"

CARDINAL_INLINE void copy_block(char *to, const char *from, size_t bytes) {
  if (bytes == 16)
    _mm_storeu_si128((__m128i *)to, _mm_loadu_si128((const __m128i *)from));
  else
    for (size_t i = 0; i < bytes; i += 32)
      _mm256_storeu_si256((__m256i *)(to + i), _mm256_loadu_si256((const __m256i *)(from + i)));
}

void cardinal_copy_avx2(const cardinal_copy_args *args) {
  cardinal_copy_blocks(args, copy_block);
}
