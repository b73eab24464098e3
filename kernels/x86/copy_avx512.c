/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of whole blocks with AVX-512: one vector each. */
#include <immintrin.h>

#include "kernels/copy_blocks.h"

CARDINAL_INLINE void copy_block(char *to, const char *from, size_t bytes) {
  if (bytes == 64)
    _mm512_storeu_si512(to, _mm512_loadu_si512(from));
  else if (bytes == 32)
    _mm256_storeu_si256((__m256i *)to, _mm256_loadu_si256((const __m256i *)from));
  else
    _mm_storeu_si128((__m128i *)to, _mm_loadu_si128((const __m128i *)from));
}

void cardinal_copy_avx512(const cardinal_copy_args *args) {
  cardinal_copy_blocks(args, copy_block);
}
