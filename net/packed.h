/* SPDX-License-Identifier: BSD-3-Clause */
/* The packed weights of a network, which networks of other batches and image sizes share. */
#ifndef CARDINAL_NET_PACKED_H
#define CARDINAL_NET_PACKED_H

#include <stdatomic.h>

#include <cardinal/cardinal.h>

typedef struct cardinal_packed {
  atomic_size_t holders; /* networks */
  size_t count;
  cardinal_conv_weights *of[]; /* by step; NULL: a pool */
} cardinal_packed;

/* With room for `count` steps, and one holder; NULL: no memory. */
cardinal_packed *cardinal_packed_create(size_t count);

/* One holder more. */
cardinal_packed *cardinal_packed_hold(cardinal_packed *packed);

/* One holder less; the last takes the weights with it. NULL is allowed. */
void cardinal_packed_release(cardinal_packed *packed);

#endif /* CARDINAL_NET_PACKED_H */
