/* SPDX-License-Identifier: BSD-3-Clause */
/* From the tensors of a source to what an operator takes: OIHW weights and a bias, batch norm folded in. */
#ifndef CARDINAL_NET_FOLD_H
#define CARDINAL_NET_FOLD_H

#include "net/architecture.h"
#include "net/weights.h"

/* Memory that folding works in, for any layer that isn't larger than what it was made for. */
typedef struct cardinal_fold {
  float *weights; /* the result, OIHW */
  float *bias;    /* the result, one a channel */
  double *scales; /* one a channel */
  float *norm;    /* three a channel */
} cardinal_fold;

/* For layers of at most so many weights and output channels. Errors: memory. */
cardinal_status cardinal_fold_allocate(cardinal_fold *fold, size_t weights, size_t channels, cardinal_error *error);
void cardinal_fold_free(cardinal_fold *fold);

/* Fetches the weights of a convolution or fully connected layer from a source whose tensors match.
 * Errors: a file that can't be read, a value that isn't finite, a negative variance, a product that overflows float. */
cardinal_status cardinal_fold_layer(const cardinal_weights *source, const cardinal_layer *layer, cardinal_fold *fold,
                                    cardinal_error *error);

/* Elements of a layer's weights. */
static inline size_t cardinal_layer_weights(const cardinal_layer *layer) {
  /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): no walk yields a layer of 0 groups, which can't be seen here */
  return (size_t)(layer->out_channels * (layer->in_channels / layer->groups) * layer->kernel * layer->kernel);
}

#endif /* CARDINAL_NET_FOLD_H */
