/* SPDX-License-Identifier: BSD-3-Clause */
/* What the NEON kernels share: the multiply-add by a lane, and the epilogue. */
#ifndef CARDINAL_KERNELS_ARM_NEON_H
#define CARDINAL_KERNELS_ARM_NEON_H

#include <arm_neon.h>
#include <stdbool.h>

#include "kernels/inline.h"
#include "kernels/kernel.h"

enum {
  CARDINAL_NEON_LANES = 4,
  CARDINAL_NEON_VECTORS = CARDINAL_BLOCK / CARDINAL_NEON_LANES,
  CARDINAL_NEON_EACH_LANE = CARDINAL_NEON_LANES /* instead of a lane: each lane of w meets its own of x */
};

/* acc + w * x[lane], rounded once; `lane` is a constant.
 *
 * Volatile assembly instead of vfmaq_laneq_f32, because it keeps the order in which a kernel is written. The tiles
 * fill the register file to the last or last but one register, and when gcc 12 reorders intrinsics, it holds more
 * weights at once than there are registers left: the 6x16 tile of the 1x1 convolution spilled 26 times an iteration
 * and lost a fifth of its speed in the static model. */
CARDINAL_INLINE float32x4_t cardinal_neon_fma_lane(float32x4_t acc, float32x4_t w, float32x4_t x, size_t lane) {
  switch (lane) {
  case 0:
    __asm__ volatile("fmla %0.4s, %1.4s, %2.s[0]" : "+w"(acc) : "w"(w), "w"(x));
    break;
  case 1:
    __asm__ volatile("fmla %0.4s, %1.4s, %2.s[1]" : "+w"(acc) : "w"(w), "w"(x));
    break;
  case 2:
    __asm__ volatile("fmla %0.4s, %1.4s, %2.s[2]" : "+w"(acc) : "w"(w), "w"(x));
    break;
  case 3:
    __asm__ volatile("fmla %0.4s, %1.4s, %2.s[3]" : "+w"(acc) : "w"(w), "w"(x));
    break;
  default:
    __asm__ volatile("fmla %0.4s, %1.4s, %2.4s" : "+w"(acc) : "w"(w), "w"(x));
    break;
  }
  return acc;
}

/* The same, but acc as it is if `skip` isn't 0: for taps that may lie in the padding, which must not be multiplied, not
 * even by zero. The branch hides in the assembly, so that compilers don't copy a tile for each way through it. */
CARDINAL_INLINE float32x4_t cardinal_neon_fma_lane_unless(size_t skip, float32x4_t acc, float32x4_t w, float32x4_t x,
                                                          size_t lane) {
  switch (lane) {
  case 0:
    __asm__ volatile("cbnz %3, 1f\n\tfmla %0.4s, %1.4s, %2.s[0]\n1:" : "+w"(acc) : "w"(w), "w"(x), "r"(skip));
    break;
  case 1:
    __asm__ volatile("cbnz %3, 1f\n\tfmla %0.4s, %1.4s, %2.s[1]\n1:" : "+w"(acc) : "w"(w), "w"(x), "r"(skip));
    break;
  case 2:
    __asm__ volatile("cbnz %3, 1f\n\tfmla %0.4s, %1.4s, %2.s[2]\n1:" : "+w"(acc) : "w"(w), "w"(x), "r"(skip));
    break;
  case 3:
    __asm__ volatile("cbnz %3, 1f\n\tfmla %0.4s, %1.4s, %2.s[3]\n1:" : "+w"(acc) : "w"(w), "w"(x), "r"(skip));
    break;
  default:
    __asm__ volatile("cbnz %3, 1f\n\tfmla %0.4s, %1.4s, %2.4s\n1:" : "+w"(acc) : "w"(w), "w"(x), "r"(skip));
    break;
  }
  return acc;
}

/* All ones in those lanes of vector `vector` of a block that lane_mask names. */
CARDINAL_INLINE uint32x4_t cardinal_neon_mask(uint32_t lane_mask, size_t vector) {
  const uint32_t bits[CARDINAL_NEON_LANES] = {1, 2, 4, 8};
  return vtstq_u32(vdupq_n_u32(lane_mask >> (CARDINAL_NEON_LANES * vector)), vld1q_u32(bits));
}

/* The steps of an epilogue change their sums in place, in assembly: gcc 12 copies each sum before an intrinsic that one
 * way through a branch skips. And of the intrinsics of the ReLU clang 14 makes an fmax, and of -0 a +0. */

/* acc < 0 ? +0 : acc; unlike fmax, keeps NaN and -0. */
CARDINAL_INLINE void cardinal_neon_relu(float32x4_t *acc) {
  uint32x4_t negative;
  __asm__("fcmlt %1.4s, %0.4s, #0.0\n\tbic %0.16b, %0.16b, %1.16b" : "+w"(*acc), "=&w"(negative));
}

CARDINAL_INLINE void cardinal_neon_add(float32x4_t *acc, float32x4_t residual) {
  __asm__("fadd %0.4s, %0.4s, %1.4s" : "+w"(*acc) : "w"(residual));
}

CARDINAL_INLINE void cardinal_neon_clear(float32x4_t *acc, uint32x4_t mask) {
  __asm__("and %0.16b, %0.16b, %1.16b" : "+w"(*acc) : "w"(mask));
}

/* Where the vectors of a tile's result go: y and residual (or NULL) point to vector `first` of the block at the tile's
 * first pixel. */
typedef struct cardinal_neon_result {
  float *y;
  const float *residual;
  size_t first;
  uint32_t relu, lane_mask;
} cardinal_neon_result;

/* Sums of `vectors` vectors for each of `pixels` pixels are acc[pixels][vectors]; both counts are constants. In y and
 * residual pixels are 16 floats apart. */
CARDINAL_INLINE size_t cardinal_neon_offset(size_t sum, size_t vectors) {
  return sum / vectors * CARDINAL_BLOCK + sum % vectors * CARDINAL_NEON_LANES;
}

/* Begins all with the bias. */
CARDINAL_INLINE void cardinal_neon_start(float32x4_t *acc, size_t pixels, size_t vectors, const float *bias) {
  CARDINAL_UNROLL
  for (size_t i = 0; i < pixels * vectors; ++i) {
    /* Not loaded once and copied: copies occupy the pipelines of the multiply-adds. */
    if (i % vectors == 0)
      __asm__ volatile("" : "+r"(bias));
    acc[i] = vld1q_f32(bias + i % vectors * CARDINAL_NEON_LANES);
  }
}

/* Residual, ReLU, lane mask, store. */
CARDINAL_INLINE void cardinal_neon_finish(float32x4_t *acc, size_t pixels, size_t vectors, cardinal_neon_result to) {
  const size_t sums = pixels * vectors;
  if (to.residual) {
    CARDINAL_UNROLL
    for (size_t i = 0; i < sums; ++i)
      cardinal_neon_add(acc + i, vld1q_f32(to.residual + cardinal_neon_offset(i, vectors)));
  }
  if (to.relu) {
    CARDINAL_UNROLL
    for (size_t i = 0; i < sums; ++i)
      cardinal_neon_relu(acc + i);
  }
  if (to.lane_mask != CARDINAL_ALL_LANES) {
    uint32x4_t mask[CARDINAL_NEON_VECTORS];
    CARDINAL_UNROLL
    for (size_t v = 0; v < CARDINAL_NEON_VECTORS; ++v)
      mask[v] = cardinal_neon_mask(to.lane_mask, to.first + v);
    CARDINAL_UNROLL
    for (size_t i = 0; i < sums; ++i)
      cardinal_neon_clear(acc + i, mask[i % vectors]);
  }
  CARDINAL_UNROLL
  for (size_t i = 0; i < sums; ++i) {
    /* Of a plain copy clang 14 makes a memcpy, for which it keeps the sums in memory all along. */
    __asm__("" : "+w"(acc[i]));
    vst1q_f32(to.y + cardinal_neon_offset(i, vectors), acc[i]);
  }
}

#endif
