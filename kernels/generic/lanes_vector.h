/* SPDX-License-Identifier: BSD-3-Clause */
/* Lanes of a block as vectors, for clang, which makes single numbers of the arrays of lanes_array.h: the same
 * functions, bit for bit. */
#ifndef CARDINAL_KERNELS_GENERIC_LANES_VECTOR_H
#define CARDINAL_KERNELS_GENERIC_LANES_VECTOR_H

#include "kernels/format.h"
#include "kernels/kernel.h"

/* Before a loop over lanes: with constant indices, clang puts single lanes together to vectors again. */
#define CARDINAL_LANES CARDINAL_UNROLL

typedef struct cardinal_floats {
  float lane __attribute__((vector_size(CARDINAL_BLOCK * sizeof(float))));
} cardinal_floats;

typedef struct cardinal_ints {
  int32_t lane __attribute__((vector_size(CARDINAL_BLOCK * sizeof(int32_t))));
} cardinal_ints;

/* acc = fma(x, w, acc). Before clang 16 there is no fma of vectors by name, but this pragma, with which the one
 * expression is an fma on every CPU that has one. */
CARDINAL_INLINE void cardinal_lanes_fma(cardinal_floats *acc, const cardinal_floats *x, const cardinal_floats *w) {
#if __has_builtin(__builtin_elementwise_fma)
  acc->lane = __builtin_elementwise_fma(x->lane, w->lane, acc->lane);
#else
#pragma clang fp contract(on)
  acc->lane = x->lane * w->lane + acc->lane;
#endif
}

/* Each slot's lanes from its first number. By bits, each slot over the lanes from its first one on: clang would gather
 * what single lanes take from places in memory. */
CARDINAL_INLINE void cardinal_spread_f32(cardinal_floats *to, const float *x, size_t slot) {
  const cardinal_ints index = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  cardinal_ints bits = {{0}}, mask;
  if (slot == 1) {
    memcpy(to, x, sizeof *to);
    return;
  }
  CARDINAL_UNROLL
  for (size_t first = 0; first < CARDINAL_BLOCK; first += slot) {
    int32_t number;
    memcpy(&number, x + first, sizeof number);
    mask.lane = index.lane >= (int32_t)first;
    bits.lane = (mask.lane & number) | (~mask.lane & bits.lane);
  }
  memcpy(to, &bits, sizeof bits);
}

CARDINAL_INLINE void cardinal_f32_step(cardinal_floats *acc, const float *x, size_t slot, const float *w) {
  cardinal_floats wide_x, wide_w;
  cardinal_spread_f32(&wide_x, x, slot);
  memcpy(&wide_w, w, sizeof wide_w);
  cardinal_lanes_fma(acc, &wide_x, &wide_w);
}

/* Denormal numbers become zeros of their signs. */
CARDINAL_INLINE void cardinal_lanes_flush(cardinal_floats *value) {
  cardinal_ints bits;
  memcpy(&bits, value, sizeof bits);
  bits.lane &= ((bits.lane & 0x7F800000) != 0) | INT32_MIN;
  memcpy(value, &bits, sizeof bits);
}

CARDINAL_INLINE void cardinal_bf16_step(cardinal_floats *acc, const cardinal_floats *x, const cardinal_floats *w) {
  cardinal_lanes_fma(acc, x, w);
  cardinal_lanes_flush(acc);
}

CARDINAL_INLINE void cardinal_widen_cells(cardinal_floats *to, const void *cells, size_t c) {
  cardinal_ints bits;
  memcpy(&bits, cells, sizeof bits);
  bits.lane = c ? bits.lane & ~0xFFFF : bits.lane << 16;
  memcpy(to, &bits, sizeof bits);
  cardinal_lanes_flush(to);
}

#endif
