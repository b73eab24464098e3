/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling of bf16, compared as integers, so that denormals are kept whatever the modes are. */
#include "kernels/arm/neon.h"
#include "kernels/maxpool.h"

enum {
  LANES = 8, /* of a vector */
  VECTORS = CARDINAL_BLOCK / LANES
};

/* Half of a pixel's block: the maxima so far, the order of each, and where a NaN was seen. */
typedef struct half {
  uint16x8_t m, nan;
  int16x8_t most;
} half;

/* Integers in the order of the numbers: their magnitudes, negative for negative numbers. Both zeros are 0. */
CARDINAL_INLINE int16x8_t order_of(uint16x8_t numbers, uint16x8_t magnitudes) {
  const int16x8_t sign = vshrq_n_s16(vreinterpretq_s16_u16(numbers), 15);
  return vsubq_s16(veorq_s16(vreinterpretq_s16_u16(magnitudes), sign), sign);
}

/* Equal values and zeros keep the earlier tap. */
CARDINAL_INLINE half with_tap(half h, uint16x8_t tap) {
  const uint16x8_t magnitudes = vandq_u16(tap, vdupq_n_u16(0x7FFF));
  const int16x8_t order = order_of(tap, magnitudes);
  return (half){
      .m = vbslq_u16(vcgtq_s16(order, h.most), tap, h.m),
      .nan = vorrq_u16(h.nan, vcgtq_u16(magnitudes, vdupq_n_u16(0x7F80))),
      .most = vmaxq_s16(order, h.most),
  };
}

/* Lanes in which a NaN was seen end as NaN. */
CARDINAL_INLINE void pixel(void *y, cardinal_pool_taps taps, const void *lanes) {
  const size_t row = taps.x_row / sizeof(cardinal_bf16);
  for (size_t v = 0; v < VECTORS; ++v) {
    const cardinal_bf16 *x = (const cardinal_bf16 *)(const void *)taps.x + v * LANES;
    const uint16x8_t first = vld1q_u16(x);
    half h = {first, vdupq_n_u16(0), order_of(first, vandq_u16(first, vdupq_n_u16(0x7FFF)))};
    for (size_t ky = 0; ky < taps.rows; ++ky)
      for (size_t kx = 0; kx < taps.columns; ++kx)
        h = with_tap(h, vld1q_u16(x + ky * row + kx * CARDINAL_BLOCK));
    vst1q_u16((cardinal_bf16 *)y + v * LANES, vandq_u16(vorrq_u16(h.m, h.nan), ((const uint16x8_t *)lanes)[v]));
  }
}

void cardinal_maxpool_bf16_neon(const cardinal_pool_args *a) {
  const uint16x8_t lanes[VECTORS] = {cardinal_neon_word_mask(a->lane_mask, 0),
                                     cardinal_neon_word_mask(a->lane_mask, 1)};
  cardinal_max_pool(a, CARDINAL_FORMAT_BF16, pixel, lanes);
}
