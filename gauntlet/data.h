/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds of input data, each of which shows something the others don't, and what must hold of a convolution of them. */
#ifndef CARDINAL_GAUNTLET_DATA_H
#define CARDINAL_GAUNTLET_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>

#include "gauntlet/random.h"
#include "kernels/generic/reference.h"

typedef enum data_kind {
  DATA_RANDOM,        /* bits depend on the order of the sum; within the error bound */
  DATA_INTEGERS,      /* small: every sum is exact, whatever the order; of int8, outputs between two integers as well */
  DATA_HOT_INPUT,     /* one input isn't zero */
  DATA_HOT_WEIGHT,    /* one weight isn't zero */
  DATA_HARD,          /* NaN, infinities, subnormals, overflow; of int8, the ends of the range and of floats' */
  DATA_NEGATIVE_ZERO, /* every sum is -0, unless a tap in the padding enters it as zero */
  DATA_SPECIAL,       /* hard, but no sum overflows: what isn't finite is the same in any order; of int8, the largest
                         and the least sums */
  DATA_TINY,          /* as random, but around the smallest normal numbers, where flushing shows */
  DATA_KINDS
} data_kind;

const char *data_kind_name(data_kind kind);

/* Whether outputs of that kind of data are the same in any order, so that double precision gives their bits. */
bool data_kind_exact(data_kind kind);

/* What to draw. */
typedef struct data_wish {
  cardinal_reference_shape shape;
  cardinal_format format;   /* of x and the weights */
  cardinal_format y_format; /* of y and the residual: `format` or f32 */
  bool residual;
  data_kind kind;
} data_wish;

/* A convolution on plain NCHW and OIHW tensors. The values of all formats are floats, which hold them exactly: of int8,
 * x, weights and residuals are integers. */
typedef struct data_problem {
  cardinal_reference_shape shape;
  cardinal_format format, y_format;
  float *x, *weights, *bias, *residual; /* residual NULL: none */
  float *scale;                         /* int8: for each output channel; NULL otherwise */
  float residual_scale;                 /* int8 */
  size_t x_floats, weight_floats, bias_floats, y_floats;
} data_problem;

/* Allocates a problem and fills it. In exact kinds, weights of taps that no output reads (they always lie in the
 * padding) become NaN and infinity, of int8 -127. */
void data_problem_make(data_problem *problem, const data_wish *wish, gauntlet_random *random);
void data_problem_free(data_problem *problem);

/* A number for a pool: of DATA_INTEGERS with ties and both zeros; of int8 also below zero. */
float data_draw_for_pool(cardinal_format format, data_kind kind, gauntlet_random *random);

/* What must hold of outputs. The double-precision results are computed once, at the start. */
typedef struct data_check {
  const data_problem *problem;
  data_kind kind;
  int relu;
  double *reference; /* of int8, before it is rounded and its range ends */
  double *bound;     /* how far a float that isn't rounded to y's format may be off */
} data_check;

void data_check_start(data_check *check, const data_problem *problem, data_kind kind, int relu);
void data_check_end(data_check *check);

/* Whether `value` is right for output `at` (NCHW) as far as double precision can tell: exactly equal for exact kinds,
 * within the bound for random data; hard data pass. */
bool data_check_value(const data_check *check, size_t at, float value);

#endif
