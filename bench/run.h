/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs one benchmark: checks its output, then measures. */
#ifndef CARDINAL_BENCH_RUN_H
#define CARDINAL_BENCH_RUN_H

#include "bench/suite.h"

typedef struct bench_runner bench_runner;

bench_runner *bench_runner_create(bench_suite *suite);
void bench_runner_destroy(bench_runner *runner);

/* Fills entry->result, whatever becomes of it. */
void bench_run(bench_runner *runner, bench_entry *entry);

/* The FMA peak of an ISA on so many threads, the best of this run so far. */
double bench_runner_peak(bench_runner *runner, cardinal_isa isa, unsigned threads);

#endif
