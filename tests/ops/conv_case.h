/* SPDX-License-Identifier: BSD-3-Clause */
/* A convolution through the public functions: its data on plain tensors, its buffers, its run, and what must hold. */
#ifndef CARDINAL_TESTS_OPS_CONV_CASE_H
#define CARDINAL_TESTS_OPS_CONV_CASE_H

#include <cardinal/cardinal.h>

#include "gauntlet/data.h"
#include "gauntlet/memory.h"
#include "gauntlet/tensor.h"

typedef struct conv_case {
  cardinal_conv_desc desc;
  int residual_is_y;
  data_kind data;
  gauntlet_placement placement;
  uint64_t seed;
} conv_case;

/* The data of a case and its result in the canonical order, as NCHW. */
typedef struct conv_data {
  data_problem problem;
  float *expected;
} conv_data;

/* "3x64x56x56 nchw, 128 out, ..." in static memory. */
const char *conv_case_text(const conv_case *c);

/* Draws the data and computes the result; asserts that double precision agrees with it. */
void conv_data_make(conv_data *data, const conv_case *c);
void conv_data_free(conv_data *data);

/* Guarded memory for runs: one at a time in a process. */
typedef struct conv_buffers {
  gauntlet_memory x, weights, bias, residual, y, scratch;
} conv_buffers;

void conv_buffers_init(conv_buffers *buffers, size_t capacity);

/* Makes the plan in `context`, runs it, and compares the output, padding lanes included, bit for bit with the expected
 * one. Says what was wrong by cr_expect and returns false. */
bool conv_case_run(const cardinal_context *context, const conv_case *c, const conv_data *data, conv_buffers *buffers);

#endif
