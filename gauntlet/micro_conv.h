/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of convolution kernels with a window. */
#ifndef CARDINAL_GAUNTLET_MICRO_CONV_H
#define CARDINAL_GAUNTLET_MICRO_CONV_H

#include "gauntlet/micro_run.h"

typedef enum micro_residual {
  MICRO_NO_RESIDUAL,
  MICRO_RESIDUAL_APART,
  MICRO_RESIDUAL_IN_PLACE,
  MICRO_RESIDUALS
} micro_residual;

typedef struct micro_conv {
  cardinal_format format;
  bool planes; /* x is NCHW, of f32 */
  size_t channels, slot, in_h, in_w;
  cardinal_window window;
  size_t out_h, out_w; /* follow from the others */
  size_t row_begin, row_end;
  size_t gap; /* numbers between rows, times 16 */
  uint32_t lane_mask, relu, y_f32;
  micro_residual residual;
  data_kind data;
  gauntlet_placement placement;
} micro_conv;

/* Fills in what follows from the rest; false if there is no output. */
bool micro_conv_complete(micro_conv *c);

/* Whether there is an operator's shape for which the kernel would get such arguments. */
bool micro_conv_accepted(const micro_run *run, const micro_conv *c);

/* Tries a case with random data and with another kind, the rest drawn. Returns whether to go on. */
bool micro_conv_try(micro_run *run, const micro_conv *c);

/* All cases of run's kernel. */
micro_cases micro_conv_cases;

/* A call's arguments laid out in guarded memory. */
typedef struct micro_conv_call {
  data_problem problem;
  cardinal_conv_args args;
  size_t y_numbers;
} micro_conv_call;

void micro_conv_lay_out(micro_conv_call *call, const micro_conv *c, gauntlet_random *random, micro_buffers *buffers);
void micro_conv_call_free(micro_conv_call *call);

/* The first output of the call's rows and lanes that double precision shows to be wrong, as an index of the problem's
 * y, with its value and its exact one; false if there is none. */
bool micro_conv_out_of_bound(const micro_conv_call *call, const micro_conv *c, size_t *at, float *value, double *exact);

#endif
