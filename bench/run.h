/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs benchmarks and sums up what they gave. */
#ifndef CARDINAL_BENCH_RUN_H
#define CARDINAL_BENCH_RUN_H

#include "bench/runner.h"

/* Runs one benchmark, as often as the options say: checks its output, then measures. Fills entry->result, whatever
 * becomes of it, and sums it up with the peaks so far. */
void bench_run(bench_runner *runner, bench_entry *entry);

/* Sums up all results with the peaks of the whole run. */
void bench_conclude(bench_runner *runner);

/* Sums up one repetition of a concluded entry; false if memory ran out. */
bool bench_repetition(const bench_entry *entry, size_t repetition, cardinal_measurement *measurement);

#endif
