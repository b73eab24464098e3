/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kinds of benchmarks share while they run. */
#ifndef CARDINAL_BENCH_RUNNER_H
#define CARDINAL_BENCH_RUNNER_H

#include "bench/suite.h"

enum {
  BENCH_YARDSTICKS = 12 * CARDINAL_ISA_COUNT
};

/* A context, and the loops of its ISA on its threads. */
typedef struct bench_threads {
  cardinal_isa isa;
  cardinal_format format; /* whose products the peak is of */
  unsigned threads;
  cardinal_context *context;
  cardinal_yardstick yardstick;
} bench_threads;

typedef struct bench_runner {
  bench_suite *suite;
  double start;
  bench_threads threads[BENCH_YARDSTICKS];
  size_t threads_count;
  size_t open_problem; /* whose data are in memory; problem_count: none */
  /* Logits that kernels of another ISA give for a batch; NULL: none yet. */
  size_t logits_model, logits_batch;
  cardinal_isa logits_isa;
  float *logits;
} bench_runner;

bench_runner *bench_runner_create(bench_suite *suite);
void bench_runner_destroy(bench_runner *runner);

/* The one for an ISA and so many threads, made at the first call. */
bench_threads *bench_runner_threads(bench_runner *runner, cardinal_isa isa, unsigned threads);

/* The one whose peak an entry is held against: of its format's products. */
cardinal_yardstick *bench_runner_against(bench_runner *runner, const bench_entry *entry);

/* How long to measure an entry: what is left of the budget is shared evenly between what is left to measure. */
cardinal_patience bench_runner_patience(const bench_runner *runner, const bench_entry *entry);

/* An entry that has measured the same already, NULL if there is none. */
const bench_entry *bench_runner_alike(const bench_suite *suite, const bench_entry *entry);

/* A layer's problem with its data, which stay in memory until another one is asked for. */
bench_problem *bench_runner_problem(bench_runner *runner, size_t layer);

/* Notes why there is no result: "what: the error's message". */
void bench_result_fail(bench_result *result, const char *what, const cardinal_error *error);

/* Each runs one kind of benchmark once: checks the output, adds rounds to the entry's result, and says whether it is
 * done or what is wrong. */
void bench_run_loop(bench_runner *runner, bench_entry *entry);
void bench_run_copy(bench_runner *runner, bench_entry *entry);
void bench_run_naive(bench_runner *runner, bench_entry *entry);
void bench_run_layer(bench_runner *runner, bench_entry *entry);
void bench_run_foreign(bench_runner *runner, bench_entry *entry);
void bench_run_net(bench_runner *runner, bench_entry *entry);

/* Plans and runs an entry's layer on a context of `library`: what bench_run_layer does, and foreign kernels' children.
 */
void bench_run_layer_on(bench_runner *runner, bench_entry *entry, const bench_library *library,
                        const cardinal_context *context);

/* Labels a foreign kernel's result that is faster than the peak allows for the operations that it must have done. */
void bench_flag_impossible(const bench_runner *runner, bench_entry *entry);

#endif
