/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds of input data, each of which shows something the others don't, and what must hold of a convolution of them. */
#ifndef CARDINAL_GAUNTLET_DATA_H
#define CARDINAL_GAUNTLET_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/generic/reference.h"
#include "gauntlet/random.h"

typedef enum data_kind {
  DATA_RANDOM,        /* bits depend on the order of the sum; within the error bound */
  DATA_INTEGERS,      /* small: every sum is exact, whatever the order */
  DATA_HOT_INPUT,     /* one input isn't zero */
  DATA_HOT_WEIGHT,    /* one weight isn't zero */
  DATA_HARD,          /* NaN, infinities, subnormals, overflow */
  DATA_NEGATIVE_ZERO, /* every sum is -0, unless a tap in the padding enters it as zero */
  DATA_SPECIAL,       /* hard, but no sum overflows: what isn't finite is the same in any order */
  DATA_KINDS
} data_kind;

const char *data_kind_name(data_kind kind);

/* A convolution on plain NCHW and OIHW tensors. */
typedef struct data_problem {
  cardinal_reference_shape shape;
  float *x, *weights, *bias, *residual; /* residual NULL: none */
  size_t x_floats, weight_floats, bias_floats, y_floats;
} data_problem;

/* Allocates a problem of that shape and fills it. In exact kinds, weights of taps that no output reads (they always
 * lie in the padding) become NaN and infinity. */
void data_problem_make(data_problem *problem, const cardinal_reference_shape *shape, bool residual, data_kind kind,
                       gauntlet_random *random);
void data_problem_free(data_problem *problem);

/* What must hold of outputs. The double-precision results are computed once, at the first check. */
typedef struct data_check {
  const data_problem *problem;
  data_kind kind;
  int relu;
  double *reference, *magnitude;
  size_t products;
} data_check;

void data_check_start(data_check *check, const data_problem *problem, data_kind kind, int relu);
void data_check_end(data_check *check);

/* Whether `value` is right for output `at` (NCHW) as far as double precision can tell: exactly equal for exact kinds,
 * within the bound for random data; hard data pass. */
bool data_check_value(const data_check *check, size_t at, float value);

#endif
