/* SPDX-License-Identifier: BSD-3-Clause */
/* What the NEON kernels in C share. */
#ifndef CARDINAL_KERNELS_ARM_NEON_H
#define CARDINAL_KERNELS_ARM_NEON_H

#include <arm_neon.h>

#include "kernels/inline.h"
#include "kernels/kernel.h"

enum {
  CARDINAL_NEON_LANES = 4,
  CARDINAL_NEON_VECTORS = CARDINAL_BLOCK / CARDINAL_NEON_LANES
};

/* All ones in those lanes of vector `vector` of a block that lane_mask names. */
CARDINAL_INLINE uint32x4_t cardinal_neon_mask(uint32_t lane_mask, size_t vector) {
  const uint32_t bits[CARDINAL_NEON_LANES] = {1, 2, 4, 8};
  return vtstq_u32(vdupq_n_u32(lane_mask >> (CARDINAL_NEON_LANES * vector)), vld1q_u32(bits));
}

/* A pixel's 16 lanes, +0 in those outside lane_mask. */
CARDINAL_INLINE void cardinal_neon_store(float *y, const float32x4_t pixel[CARDINAL_NEON_VECTORS], uint32_t lane_mask) {
  CARDINAL_UNROLL
  for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v) {
    const uint32x4_t kept = vandq_u32(vreinterpretq_u32_f32(pixel[v]), cardinal_neon_mask(lane_mask, v));
    vst1q_f32(y + v * CARDINAL_NEON_LANES, vreinterpretq_f32_u32(kept));
  }
}

/* All ones in the lanes of vector `vector` of eight that lane_mask names, of 16 bits each. */
CARDINAL_INLINE uint16x8_t cardinal_neon_word_mask(uint32_t lane_mask, size_t vector) {
  return vuzp1q_u16(vreinterpretq_u16_u32(cardinal_neon_mask(lane_mask, 2 * vector)),
                    vreinterpretq_u16_u32(cardinal_neon_mask(lane_mask, 2 * vector + 1)));
}

/* The same of all lanes, in bytes. */
CARDINAL_INLINE uint8x16_t cardinal_neon_byte_mask(uint32_t lane_mask) {
  return vuzp1q_u8(vreinterpretq_u8_u16(cardinal_neon_word_mask(lane_mask, 0)),
                   vreinterpretq_u8_u16(cardinal_neon_word_mask(lane_mask, 1)));
}

#endif
