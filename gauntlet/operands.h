/* SPDX-License-Identifier: BSD-3-Clause */
/* The tensors of one problem: data of a kind, how they lie in a layout, and what the right output is. */
#ifndef CARDINAL_GAUNTLET_OPERANDS_H
#define CARDINAL_GAUNTLET_OPERANDS_H

#include "gauntlet/data.h"
#include "gauntlet/descriptor.h"

/* Data of a problem on plain NCHW and OIHW tensors. Pools have x only. What the kernel gets may be other floats than
 * those that are multiplied: x that a run rounds on the way in, and weights and biases of int8, which it quantises. */
typedef struct gauntlet_operands {
  data_problem data;
  data_kind kind;
  cardinal_format x_format;
  float *x, *weights, *bias; /* for the kernel; where they are the same, data's */
  float pool_scale;          /* average of int8 */
} gauntlet_operands;

/* Allocates and fills the operands; `seed` decides the values. */
void gauntlet_operands_make(gauntlet_operands *operands, const gauntlet_problem *problem, data_kind kind,
                            uint64_t seed);

/* Copies the values of operands of the same problem. */
void gauntlet_operands_copy(gauntlet_operands *to, const gauntlet_operands *from);
void gauntlet_operands_free(gauntlet_operands *operands);

/* Whether data of that kind say anything about the problem: pools know fewer, int8 has no special numbers. */
bool gauntlet_kind_applies(const gauntlet_problem *problem, data_kind kind);

/* The output in the canonical order, NCHW, [y_floats], rounded to y's format; to be freed by the caller. */
float *gauntlet_expected(const gauntlet_problem *problem, const gauntlet_operands *operands);

/* Floats of a tensor in a layout, and the index in it of an element of the NCHW tensor. */
size_t gauntlet_tensor_floats(cardinal_layout layout, size_t batch, size_t channels, size_t pixels);
size_t gauntlet_tensor_index(cardinal_layout layout, size_t channels, size_t pixels, size_t image, size_t channel,
                             size_t pixel);

/* Writes an NCHW tensor in another layout; the lanes past the channels become +0. */
void gauntlet_tensor_spread(cardinal_layout layout, float *to, const float *nchw, size_t batch, size_t channels,
                            size_t pixels);

/* The same in numbers of another format, which holds the floats' values. */
void gauntlet_tensor_spread_numbers(cardinal_layout layout, cardinal_format format, void *to, const float *nchw,
                                    size_t batch, size_t channels, size_t pixels);

/* Formats of x as the kernel gets it, and of y. */
cardinal_format gauntlet_x_format(const gauntlet_problem *problem);
cardinal_format gauntlet_y_format(const gauntlet_problem *problem);

#endif
