/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this CPU could do at most: the yardstick that every figure is held against.
 *
 * For each ISA there are two loops in inline assembly, so that no compiler changes what is measured:
 *   - fma: fused multiply-adds on registers alone, in enough independent chains to hide their latency (at least 12).
 *     Its best rate is the FMA peak.
 *   - canary: the inner loop of a matrix product, reading its operands from a working set that fits the L1 cache. On a
 *     quiet machine it runs at nearly the peak; neighbours on the same core or cache slow it down first.
 *
 * The portable kernels (ISA "generic") are held against the widest loop that the CPU can run, since their figure is
 * to say how much of the machine plain C leaves unused; a CPU without any FMA has its SSE2 multiply-and-add loop.
 */
#ifndef CARDINAL_BENCH_PEAK_H
#define CARDINAL_BENCH_PEAK_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>

/* The loops of one ISA on a number of threads at once. */
typedef struct cardinal_yardstick {
  cardinal_isa isa; /* whose loops are run: see cardinal_yardstick_isa */
  unsigned threads;
  size_t fma_iterations, canary_iterations; /* for about 0.1 ms */
  double peak;                              /* the best rate of the FMA loop so far, in GFLOP/s */
} cardinal_yardstick;

/* Whether the CPU can run an ISA's kernels. The environment's CARDINAL_ISA is ignored. */
bool cardinal_isa_runs_here(cardinal_isa isa);

/* Whose loops serve an ISA's kernels: its own, for generic those of the widest ISA that the CPU can run. */
cardinal_isa cardinal_yardstick_isa(cardinal_isa isa);

/* Finds out how long the loops take, and a first peak; takes about 50 ms. The threads are OpenMP's, the same that run
 * the kernels; a build without OpenMP has one. False if the CPU can't run the ISA or `threads` is 0. */
bool cardinal_yardstick_init(cardinal_yardstick *yardstick, cardinal_isa isa, unsigned threads);

/* Run a loop once on all threads, which start together. Give the sum of their rates in GFLOP/s; the first also raises
 * the peak if that was the best so far. */
double cardinal_yardstick_fma(cardinal_yardstick *yardstick);
double cardinal_yardstick_canary(const cardinal_yardstick *yardstick);

/* The FMA peak of `threads` threads at once, in GFLOP/s; 0 if the CPU can't run the ISA. Takes about 50 ms. */
double cardinal_peak_fma_gflops(cardinal_isa isa, unsigned threads);

/* Seconds on a clock that only goes forward. */
double cardinal_clock(void);

#endif
