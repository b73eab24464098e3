/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling of int8: a pixel's block is one vector. */
#include "kernels/arm/neon.h"
#include "kernels/maxpool.h"

CARDINAL_INLINE void pixel(void *y, cardinal_pool_taps taps, const void *lanes) {
  const int8_t *x = (const int8_t *)taps.x;
  int8x16_t m = vld1q_s8(x);
  for (size_t ky = 0; ky < taps.rows; ++ky)
    for (size_t kx = 0; kx < taps.columns; ++kx)
      m = vmaxq_s8(m, vld1q_s8(x + ky * taps.x_row + kx * CARDINAL_BLOCK));
  vst1q_s8(y, vandq_s8(m, *(const int8x16_t *)lanes));
}

void cardinal_maxpool_int8_neon(const cardinal_pool_args *a) {
  const int8x16_t lanes = vreinterpretq_s8_u8(cardinal_neon_byte_mask(a->lane_mask));
  cardinal_max_pool(a, CARDINAL_FORMAT_INT8, pixel, &lanes);
}
