/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine code of the yardsticks of bench/peak.h: for each ISA the loop of the FMA peak and the canary. */
#ifndef CARDINAL_BENCH_LOOPS_H
#define CARDINAL_BENCH_LOOPS_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* The canary's operands: `depth` rows of `columns` weights and as many rows of `pixels` inputs, padded. They are walked
 * in a ring, whose sizes in bytes are powers of two, so that the loop has no end that a predictor would miss. */
enum {
  CARDINAL_CANARY_WEIGHT_BYTES = 16 << 10,
  CARDINAL_CANARY_INPUT_BYTES = 8 << 10
};

typedef struct cardinal_canary_operands {
  _Alignas(64) char weights[CARDINAL_CANARY_WEIGHT_BYTES];
  _Alignas(64) char inputs[CARDINAL_CANARY_INPUT_BYTES];
} cardinal_canary_operands;

typedef struct cardinal_loops {
  void (*fma)(size_t iterations);
  void (*canary)(const cardinal_canary_operands *o, size_t iterations);
  double fma_flops, canary_flops; /* floating-point operations of one iteration */
} cardinal_loops;

/* By ISA; without functions where an ISA has no loops of its own on this architecture. */
extern const cardinal_loops cardinal_loops_of[CARDINAL_ISA_COUNT];

#endif
