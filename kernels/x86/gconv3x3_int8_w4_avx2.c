/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 3×3 with groups of 4 channels, one cell of int8; two groups in a vector, whose lanes alternate between them.
 *
 * A column is then eight bytes broadcast, by a load alone, where groups side by side would take a shuffle. Zen 4 has
 * few of the pipes that products don't want, and each shuffle of two operands kept a product waiting. Lanes 1 and 4
 * change places, and so do 3 and 6: doing it again undoes it. What belongs to lanes is brought into this order here,
 * once a call; the tiles bring y back.
 */
#include <immintrin.h>

#include "kernels/gconv3x3_segments.h"

extern const cardinal_segments cardinal_gconv3x3_int8_w4_avx2_tiles;

enum {
  TAPS = 9
};

/* `words` of 16 lanes each in alternating order. */
static inline void alternate(__m256i *to, const void *lanes, size_t words) {
  const __m256i order = _mm256_setr_epi32(0, 4, 2, 6, 1, 5, 3, 7), *from = lanes;
  for (size_t i = 0; i < 2 * words; ++i)
    to[i] = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from + i), order);
}

static inline uint32_t alternate_mask(uint32_t lanes) {
  const uint32_t differ = (lanes ^ lanes >> 3) & 0x0A0A; /* from the lane three above */
  return lanes ^ differ ^ differ << 3;
}

void cardinal_gconv3x3_int8_w4_avx2(const cardinal_conv_args *a) {
  __m256i w[2 * TAPS], bias[2], scale[2];
  alternate(w, a->w, TAPS);
  alternate(bias, a->bias, 1);
  alternate(scale, a->scale, 1);
  cardinal_conv_args alternating = *a;
  alternating.w = w;
  alternating.bias = (const float *)bias;
  alternating.scale = (const float *)scale;
  alternating.lane_mask = alternate_mask(a->lane_mask);
  cardinal_segments_run(&alternating, &cardinal_gconv3x3_int8_w4_avx2_tiles, CARDINAL_FORMAT_INT8);
}
