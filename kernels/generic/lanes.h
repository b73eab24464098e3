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

/* Residual, ReLU, lane mask, store. */
static inline void cardinal_lanes_finish(float *y, const float acc[CARDINAL_BLOCK], const float *residual,
                                         uint32_t relu, uint32_t lane_mask) {
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float value = residual ? acc[l] + residual[l] : acc[l];
    if (relu && value < 0.0f)
      value = 0.0f;
    y[l] = lane_mask >> l & 1u ? value : 0.0f;
  }
}

#endif
