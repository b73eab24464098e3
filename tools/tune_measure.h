/* SPDX-License-Identifier: BSD-3-Clause */
/* Times the kernels that serve one convolution. */
#ifndef CARDINAL_TOOLS_TUNE_MEASURE_H
#define CARDINAL_TOOLS_TUNE_MEASURE_H

#include "bench/measure.h"
#include "dispatch/tuning.h"
#include "ops/context.h"
#include "tools/network_options.h"

enum {
  TUNE_CANDIDATES = 16 /* more than serve any shape */
};

typedef struct tune_candidate {
  const cardinal_kernel *kernel;
  double first_seconds;          /* of its first run */
  bool given_up;                 /* that was so slow that it isn't measured: */
  cardinal_measurement measured; /* with the format's peak on the context's ISA and threads */
} tune_candidate;

/* One shape of a network's layers, or a given one. */
typedef struct tune_problem {
  cardinal_conv_desc conv;
  cardinal_shape shape;
  tune_candidate candidates[TUNE_CANDIDATES]; /* the first one is what the context would choose otherwise */
  size_t count;
  size_t chosen; /* index of the winner */
} tune_problem;

/* The peaks that speeds are held against. */
typedef struct tune_yardsticks {
  cardinal_yardstick of[CARDINAL_FORMAT_INT8 + 1]; /* by format; that of f32 is always there */
  format_set formats;                              /* that are */
} tune_yardsticks;

/* False if there is no memory, or the CPU can't run the loops. The context must live as long. */
bool tune_yardsticks_init(tune_yardsticks *yardsticks, const cardinal_context *context, format_set formats);
void tune_yardsticks_free(tune_yardsticks *yardsticks);

/* Fills the candidates of a problem that has its conv and shape. Runs each on the same data, compares their bits, and
 * measures them by turns, `seconds` each at most, or a few rounds at least. Another than the first is chosen if it is
 * faster by 2 %, and both had enough quiet rounds. Changes the context's selector on its way. Errors: memory; kernels
 * that give different bits. */
cardinal_status tune_measure(cardinal_context *context, tune_yardsticks *yardsticks, double seconds,
                             tune_problem *problem, cardinal_error *error);

#endif
