/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/packed.h"

#include <stdlib.h>

cardinal_packed *cardinal_packed_create(size_t count) {
  cardinal_packed *packed = calloc(1, sizeof *packed + count * sizeof packed->of[0]);
  if (packed) {
    atomic_init(&packed->holders, 1);
    packed->count = count;
  }
  return packed;
}

cardinal_packed *cardinal_packed_hold(cardinal_packed *packed) {
  atomic_fetch_add_explicit(&packed->holders, 1, memory_order_relaxed);
  return packed;
}

void cardinal_packed_release(cardinal_packed *packed) {
  /* Whoever is the last sees all that the others did to the weights. */
  if (!packed || atomic_fetch_sub_explicit(&packed->holders, 1, memory_order_acq_rel) != 1)
    return;
  for (size_t i = 0; i < packed->count; i++)
    cardinal_conv_weights_destroy(packed->of[i]);
  free(packed);
}
