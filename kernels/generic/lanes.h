/* SPDX-License-Identifier: BSD-3-Clause */
/* One pixel's 16 lanes in the portable kernels: start, products, epilogue. */
#ifndef CARDINAL_KERNELS_GENERIC_LANES_H
#define CARDINAL_KERNELS_GENERIC_LANES_H

#include "kernels/generic/fma.h"
#include "kernels/kernel.h"

static inline void cardinal_lanes_copy(float to[CARDINAL_BLOCK], const float *from) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    to[l] = from[l];
}

/* Adds the products of one input value with a row of weights: lanes of a slot of 16. */
static inline void cardinal_lanes_fma(float acc[CARDINAL_BLOCK], float x, const float *w) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc[l] = cardinal_fma(x, w[l], acc[l]);
}

/* The same where each slot of `slot` lanes has an input value of its own: x[0], x[slot], ... */
static inline void cardinal_lanes_fma_slots(float acc[CARDINAL_BLOCK], const float *x, size_t slot, const float *w) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc[l] = cardinal_fma(x[l / slot * slot], w[l], acc[l]);
}

/* value < 0 ? +0 : value, NaN and -0 kept. On the bits: of the comparison, clang 14 makes an fmax for aarch64, and of
 * -0 a +0. The bits of negative numbers are 0x80000001, the least subnormal, to 0xFF800000, minus infinity. */
static inline float cardinal_lanes_relu(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = bits - 0x80000001u < 0x7F800000u ? 0 : bits;
  memcpy(&value, &bits, sizeof bits);
  return value;
}

/* Residual, ReLU, lane mask, store. */
static inline void cardinal_lanes_finish(float *y, const float acc[CARDINAL_BLOCK], const float *residual,
                                         uint32_t relu, uint32_t lane_mask) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float value = residual ? acc[l] + residual[l] : acc[l];
    if (relu)
      value = cardinal_lanes_relu(value);
    y[l] = lane_mask >> l & 1u ? value : 0.0f;
  }
}

#endif
