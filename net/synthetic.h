/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator of synthetic weights. */
#ifndef CARDINAL_NET_SYNTHETIC_H
#define CARDINAL_NET_SYNTHETIC_H

#include <stddef.h>
#include <stdint.h>

#include "net/tensors.h"

/* Elements [first, first + count) of a tensor, which are decided by its name and shape. */
void cardinal_synthetic_fill(uint64_t seed, const cardinal_tensor *tensor, size_t first, size_t count, float *to);

#endif /* CARDINAL_NET_SYNTHETIC_H */
