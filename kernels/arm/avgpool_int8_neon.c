/* SPDX-License-Identifier: BSD-3-Clause */
/* Global average pooling of int8: sums are exact in any order. */
#include "kernels/arm/neon.h"
#include "kernels/format.h"

/* As cardinal_int8_of_f32, to 16 bits. */
CARDINAL_INLINE int16x4_t rounded(int32x4_t sum, float scale) {
  const float32x4_t most = vdupq_n_f32((float)CARDINAL_INT8_MOST), least = vdupq_n_f32(-(float)CARDINAL_INT8_MOST);
  const float32x4_t average = vmulq_n_f32(vcvtq_f32_s32(sum), scale);
  return vmovn_s32(vcvtnq_s32_f32(vminq_f32(vmaxnmq_f32(average, least), most)));
}

void cardinal_avgpool_int8_neon(const cardinal_pool_args *a) {
  int32x4_t sum[CARDINAL_NEON_VECTORS];
  CARDINAL_UNROLL
  for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
    sum[v] = vdupq_n_s32(0);
  for (size_t row = 0; row < a->in_height; ++row) {
    const int8_t *x = (const int8_t *)a->x + row * a->x_row;
    for (size_t column = 0; column < a->in_width; ++column, x += CARDINAL_BLOCK) {
      const int8x16_t pixel = vld1q_s8(x);
      const int16x8_t low = vmovl_s8(vget_low_s8(pixel)), high = vmovl_high_s8(pixel);
      sum[0] = vaddw_s16(sum[0], vget_low_s16(low));
      sum[1] = vaddw_high_s16(sum[1], low);
      sum[2] = vaddw_s16(sum[2], vget_low_s16(high));
      sum[3] = vaddw_high_s16(sum[3], high);
    }
  }
  const int16x8_t low = vcombine_s16(rounded(sum[0], a->scale), rounded(sum[1], a->scale));
  const int16x8_t high = vcombine_s16(rounded(sum[2], a->scale), rounded(sum[3], a->scale));
  const uint8x16_t bytes = vreinterpretq_u8_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
  vst1q_s8(a->y, vreinterpretq_s8_u8(vandq_u8(bytes, cardinal_neon_byte_mask(a->lane_mask))));
}
