/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this CPU could do at most: the yardstick that every figure is held against.
 *
 * For each ISA there are two loops in inline assembly, so that no compiler changes what is measured:
 *   - fma: fused multiply-adds on registers alone, in enough independent chains to hide their latency (at least 12).
 *     The FMA peak is its best rate in the whole run but for one sample in a hundred (and nine at most), so that no
 * stray one sets it.
 *   - canary: the inner loop of a matrix product, reading its operands from a working set that fits the L1 cache. On a
 *     quiet machine it runs at nearly the peak; neighbours on the same core or cache slow it down first.
 *
 * Portable code (ISA "generic") has the loops of AVX2 or NEON, so that no 512-bit multiply-add lowers the clock just
 * before it runs. (An SSE2 canary stays at 85 % of its peak even on a quiet Zen 4, and serves older CPUs only.)
 */
#ifndef CARDINAL_BENCH_PEAK_H
#define CARDINAL_BENCH_PEAK_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>

enum {
  CARDINAL_PEAK_SAMPLES = 10
};

/* When one thread of a yardstick began and ended its part; 0: it didn't come. */
typedef struct cardinal_span {
  double start, end;
} cardinal_span;

/* The loops of one ISA on all threads of a context at once. */
typedef struct cardinal_yardstick {
  cardinal_isa isa;                            /* whose loops are run: see cardinal_loops_isa */
  const struct cardinal_product_loop *product; /* of another format than f32; NULL: fused multiply-adds */
  const cardinal_context *context;             /* NULL: the calling thread alone */
  unsigned threads;
  cardinal_span *spans;                     /* one for each thread */
  size_t fma_iterations, canary_iterations; /* for about 0.1 ms */
  double best[CARDINAL_PEAK_SAMPLES];       /* rates of the FMA loop in GFLOP/s, the best ones so far, descending */
  size_t best_count, sample_count;
} cardinal_yardstick;

/* Whether the CPU can run an ISA's kernels. The environment's CARDINAL_ISA is ignored. */
bool cardinal_isa_runs_here(cardinal_isa isa);

/* Whose loops run beside an ISA's kernels: its own; for generic AVX2's, NEON's, or on older CPUs the SSE2 ones. */
cardinal_isa cardinal_loops_isa(cardinal_isa isa);

/* The widest ISA with loops that the CPU can run: portable code is held against its peak, since its figure is to say
 * how much of the machine plain C leaves unused. */
cardinal_isa cardinal_widest_isa(void);

/* Finds out how long the loops take, and a first peak; takes about 50 ms. They run on the threads of `context`, the
 * same that run the kernels, which must live as long; with NULL, on the calling thread. False if the CPU can't run the
 * ISA or memory ran out. */
bool cardinal_yardstick_init(cardinal_yardstick *yardstick, cardinal_isa isa, const cardinal_context *context);
/* The same with the fastest products that the ISA has for a format instead of fused multiply-adds; the canary stays. */
bool cardinal_yardstick_init_format(cardinal_yardstick *yardstick, cardinal_isa isa, cardinal_format format,
                                    const cardinal_context *context);
void cardinal_yardstick_free(cardinal_yardstick *yardstick);

/* Run a loop once on all threads, which wait for each other before they start (but no longer than 2 ms: threads can be
 * missing). Give their rate in GFLOP/s: the work of all, divided by the time from the first start to the last end. The
 * first also counts for the peak. */
double cardinal_yardstick_fma(cardinal_yardstick *yardstick);
double cardinal_yardstick_canary(const cardinal_yardstick *yardstick);

/* Runs part(user, i) on each thread i of the yardstick in that way. */
void cardinal_yardstick_together(const cardinal_yardstick *yardstick, void (*part)(void *user, size_t thread),
                                 void *user);

/* The FMA peak so far, in GFLOP/s. */
double cardinal_yardstick_peak(const cardinal_yardstick *yardstick);

/* Counts a rate of the FMA loop; cardinal_yardstick_fma does it by itself. */
void cardinal_yardstick_count(cardinal_yardstick *yardstick, double rate);

/* Seconds on a clock that only goes forward, and seconds that all threads of this process spent on CPUs. */
double cardinal_clock(void);
double cardinal_cpu_clock(void);

#endif
