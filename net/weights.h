/* SPDX-License-Identifier: BSD-3-Clause */
/* A set of named tensors, whatever their source: a table, and values as float, any range of a tensor at a time, so that
 * nobody has to hold a whole file. */
#ifndef CARDINAL_NET_WEIGHTS_H
#define CARDINAL_NET_WEIGHTS_H

#include <cardinal/net.h>

#include "net/tensors.h"

struct cardinal_weights {
  cardinal_tensor_table table;
  char *label;           /* how messages call the source: the file's path, or "synthetic weights" */
  int descriptor;        /* of the file; -1: none */
  unsigned char *memory; /* the tensors' bytes, from malloc; NULL: they are in the file, or synthetic */
  uint64_t seed;
};

/* Without tensors, which are the caller's to fill in; NULL without memory. */
cardinal_weights *cardinal_weights_new(const char *label);

static inline bool cardinal_weights_are_synthetic(const cardinal_weights *weights) {
  return weights->descriptor < 0 && !weights->memory;
}

/* Elements [first, first + count) of a tensor as float, exactly. Errors: the file can't be read any more. */
cardinal_status cardinal_weights_fetch(const cardinal_weights *weights, const cardinal_tensor *tensor, size_t first,
                                       size_t count, float *to, cardinal_error *error);

/* The same of an I8 tensor, as it is. */
cardinal_status cardinal_weights_fetch_int8(const cardinal_weights *weights, const cardinal_tensor *tensor,
                                            size_t first, size_t count, int8_t *to, cardinal_error *error);

#endif /* CARDINAL_NET_WEIGHTS_H */
