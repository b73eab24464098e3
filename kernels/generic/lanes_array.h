/* SPDX-License-Identifier: BSD-3-Clause */
/* Lanes of a block as arrays: the definition, which lanes_vector.h says in other words for clang. */
#ifndef CARDINAL_KERNELS_GENERIC_LANES_ARRAY_H
#define CARDINAL_KERNELS_GENERIC_LANES_ARRAY_H

#include "kernels/format.h"
#include "kernels/generic/fma.h"
#include "kernels/kernel.h"

/* Before a loop over lanes. gcc 12 makes vectors of a rolled loop, and single numbers of one that it wrote out; where
 * the fma is emulated, writing out is better. */
#ifdef CARDINAL_HAS_FMA
#define CARDINAL_LANES CARDINAL_ROLLED
#else
#define CARDINAL_LANES
#endif

typedef struct cardinal_floats {
  float lane[CARDINAL_BLOCK];
} cardinal_floats;

typedef struct cardinal_ints {
  int32_t lane[CARDINAL_BLOCK];
} cardinal_ints;

/* acc = fma(x, w, acc), of x the first number of each lane's slot. */
CARDINAL_INLINE void cardinal_f32_step(cardinal_floats *acc, const float *x, size_t slot, const float *w) {
  if (slot == CARDINAL_BLOCK) {
    CARDINAL_LANES
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      acc->lane[l] = cardinal_fma(x[0], w[l], acc->lane[l]);
    return;
  }
  float wide_x[CARDINAL_BLOCK];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    wide_x[l] = x[CARDINAL_SLOT_OF(l, slot)];
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc->lane[l] = cardinal_fma(wide_x[l], w[l], acc->lane[l]);
}

/* acc = fma(x, w, acc), rounded once. A product of two numbers of bf16 has 16 bits: it is exact, unless it leaves the
 * range of floats: then alone the exact way is needed on CPUs that have no fma. */
CARDINAL_INLINE void cardinal_bf16_step(cardinal_floats *acc, const cardinal_floats *x, const cardinal_floats *w) {
#ifdef CARDINAL_HAS_FMA
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc->lane[l] = cardinal_flush(cardinal_fma(x->lane[l], w->lane[l], acc->lane[l]));
#else
  const float least = 0x1p-100f, most = 0x1p126f;
  float sum[CARDINAL_BLOCK];
  uint32_t inexact = 0;
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const float product = x->lane[l] * w->lane[l], magnitude = product < 0.0f ? -product : product;
    const uint32_t exact = ((uint32_t)(magnitude >= least) & (uint32_t)(magnitude <= most)) |
                           (uint32_t)(x->lane[l] == 0.0f) | (uint32_t)(w->lane[l] == 0.0f);
    inexact |= exact ^ 1u;
    sum[l] = cardinal_flush(acc->lane[l] + product);
  }
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    acc->lane[l] = inexact ? cardinal_flush(cardinal_fma_emulated(x->lane[l], w->lane[l], acc->lane[l])) : sum[l];
#endif
}

/* Number `c` of each cell of bf16 as a float. */
CARDINAL_INLINE void cardinal_widen_cells(cardinal_floats *to, const void *cells, size_t c) {
  CARDINAL_LANES
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    const uint32_t cell = cardinal_cell_at(cells, l);
    to->lane[l] = cardinal_flush(cardinal_bf16_to_f32((cardinal_bf16)(c ? cell >> 16 : cell)));
  }
}

#endif
