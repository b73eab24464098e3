/* SPDX-License-Identifier: BSD-3-Clause */
/* Which benchmarks there are of each thing that can be measured, and which of them run without a filter. */
#ifndef CARDINAL_BENCH_SUITE_ENTRIES_H
#define CARDINAL_BENCH_SUITE_ENTRIES_H

#include "bench/suite.h"

/* Each adds entries to the suite. */
void bench_entries_of_peaks(bench_suite *suite);
void bench_entries_of_net(bench_suite *suite, size_t model);

/* Steps of one layer follow each other, so that its data are made once. */
void bench_entries_of_layer(bench_suite *suite, size_t model, size_t layer);

/* Each given problem by everything that can compute it, a plug-in's kernels included. False with a sentence in `error`
 * if the plug-in can't be used. */
bool bench_entries_of_cases(bench_suite *suite, char *error, size_t size);

#endif
