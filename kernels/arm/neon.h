/* SPDX-License-Identifier: BSD-3-Clause */
/* What the NEON kernels share: the multiply-add by a lane, the epilogue, and cutting rows of pixels into tiles. */
#ifndef CARDINAL_KERNELS_ARM_NEON_H
#define CARDINAL_KERNELS_ARM_NEON_H

#include <arm_neon.h>
#include <stdbool.h>

#include "kernels/kernel.h"

/* For helpers that must vanish into their caller, so that accumulators live in registers. */
#define CARDINAL_INLINE static inline __attribute__((always_inline))

/* Before a loop of at most 16 rounds, their number a constant after inlining: indices into arrays of vectors become
 * constants too, so that the arrays live in registers. */
#ifdef __clang__
#define CARDINAL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CARDINAL_UNROLL _Pragma("GCC unroll 16")
#endif

/* Before an inner loop: gcc 12 would write out the few rounds that it can have one after the other. */
#ifdef __clang__
#define CARDINAL_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define CARDINAL_ROLLED _Pragma("GCC unroll 1")
#endif

enum { CARDINAL_NEON_LANES = 4, CARDINAL_NEON_VECTORS = CARDINAL_BLOCK / CARDINAL_NEON_LANES };

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
  default:
    __asm__ volatile("fmla %0.4s, %1.4s, %2.s[3]" : "+w"(acc) : "w"(w), "w"(x));
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
  default:
    __asm__ volatile("cbnz %3, 1f\n\tfmla %0.4s, %1.4s, %2.s[3]\n1:" : "+w"(acc) : "w"(w), "w"(x), "r"(skip));
    break;
  }
  return acc;
}

/* All ones in those lanes of vector `vector` of a block that lane_mask names. */
CARDINAL_INLINE uint32x4_t cardinal_neon_mask(uint32_t lane_mask, size_t vector) {
  const uint32_t bits[CARDINAL_NEON_LANES] = {1, 2, 4, 8};
  return vtstq_u32(vdupq_n_u32(lane_mask >> (CARDINAL_NEON_LANES * vector)), vld1q_u32(bits));
}

CARDINAL_INLINE float32x4_t cardinal_neon_and(float32x4_t v, uint32x4_t mask) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), mask));
}

/* acc < 0 ? +0 : acc; unlike fmax, keeps NaN and -0. The comparison is assembly because clang 14 makes an fmax of the
 * intrinsics, and of -0 a +0. */
CARDINAL_INLINE float32x4_t cardinal_neon_relu(float32x4_t acc) {
  uint32x4_t negative;
  __asm__("fcmlt %0.4s, %1.4s, #0.0" : "=w"(negative) : "w"(acc));
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(acc), negative));
}

/* Where the vectors of a tile's result go: y and residual (or NULL) point to vector `first` of the block at the tile's
 * first pixel. */
typedef struct cardinal_neon_result {
  float *y;
  const float *residual;
  size_t first;
  uint32_t relu, lane_mask;
} cardinal_neon_result;

/* Residual, ReLU, lane mask, store of acc[pixels][vectors], pixels 16 floats apart. The counts are constants. Pixel by
 * pixel, since one branch around all of them makes gcc 12 keep each sum twice, and most of them in memory. */
CARDINAL_INLINE void cardinal_neon_finish(float32x4_t *acc, size_t pixels, size_t vectors, cardinal_neon_result to) {
  uint32x4_t mask[CARDINAL_NEON_VECTORS];
  CARDINAL_UNROLL
  for (size_t v = 0; v < vectors; ++v)
    mask[v] = cardinal_neon_mask(to.lane_mask, to.first + v);
  CARDINAL_UNROLL
  for (size_t p = 0; p < pixels; ++p) {
    if (to.residual) {
      const float *residual = to.residual + p * CARDINAL_BLOCK;
      CARDINAL_UNROLL
      for (size_t v = 0; v < vectors; ++v)
        acc[p * vectors + v] = vaddq_f32(acc[p * vectors + v], vld1q_f32(residual + v * CARDINAL_NEON_LANES));
    }
    if (to.relu) {
      CARDINAL_UNROLL
      for (size_t v = 0; v < vectors; ++v)
        acc[p * vectors + v] = cardinal_neon_relu(acc[p * vectors + v]);
    }
    CARDINAL_UNROLL
    for (size_t v = 0; v < vectors; ++v)
      vst1q_f32(to.y + p * CARDINAL_BLOCK + v * CARDINAL_NEON_LANES, cardinal_neon_and(acc[p * vectors + v], mask[v]));
  }
}

/* Pixels cut into as few tiles as possible, none longer than the kernel's tile, with lengths that differ by at most
 * one: 49 becomes 4 of 6 and 5 of 5 rather than 8 of 6 and a single one, which has too few independent sums. */
typedef struct cardinal_neon_tiles {
  size_t count, shorter, longer_count; /* the first longer_count tiles have shorter + 1 pixels */
} cardinal_neon_tiles;

CARDINAL_INLINE cardinal_neon_tiles cardinal_neon_cut(size_t pixels, size_t tile) {
  const size_t count = (pixels + tile - 1) / tile;
  return (cardinal_neon_tiles){count, pixels / count, pixels % count};
}

CARDINAL_INLINE size_t cardinal_neon_tile_pixels(cardinal_neon_tiles tiles, size_t index) {
  return tiles.shorter + (index < tiles.longer_count);
}

#endif
