/* SPDX-License-Identifier: BSD-3-Clause */
/* The tensors of one problem: data of a kind, how they lie in a layout, and what the right output is. */
#ifndef CARDINAL_GAUNTLET_OPERANDS_H
#define CARDINAL_GAUNTLET_OPERANDS_H

#include "gauntlet/data.h"
#include "gauntlet/descriptor.h"

/* Data of a problem on plain NCHW and OIHW tensors. Pools have x only. */
typedef struct gauntlet_operands {
  data_problem data;
  data_kind kind;
} gauntlet_operands;

/* Allocates and fills the operands; `seed` decides the values. */
void gauntlet_operands_make(gauntlet_operands *operands, const gauntlet_problem *problem, data_kind kind,
                            uint64_t seed);

/* Copies the values of operands of the same problem. */
void gauntlet_operands_copy(gauntlet_operands *to, const gauntlet_operands *from);
void gauntlet_operands_free(gauntlet_operands *operands);

/* Whether data of that kind say anything about the operation. */
bool gauntlet_kind_applies(cardinal_plugin_operation operation, data_kind kind);

/* The output in the canonical order, NCHW, [y_floats]; to be freed by the caller. */
float *gauntlet_expected(const gauntlet_problem *problem, const gauntlet_operands *operands);

/* Floats of a tensor in a layout, and the index in it of an element of the NCHW tensor. */
size_t gauntlet_tensor_floats(cardinal_layout layout, size_t batch, size_t channels, size_t pixels);
size_t gauntlet_tensor_index(cardinal_layout layout, size_t channels, size_t pixels, size_t image, size_t channel,
                             size_t pixel);

/* Writes an NCHW tensor in another layout; the lanes past the channels become +0. */
void gauntlet_tensor_spread(cardinal_layout layout, float *to, const float *nchw, size_t batch, size_t channels,
                            size_t pixels);

#endif
