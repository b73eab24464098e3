/* SPDX-License-Identifier: BSD-3-Clause */
/* Results in Google Benchmark's formats. */
#ifndef CARDINAL_BENCH_RESULTS_H
#define CARDINAL_BENCH_RESULTS_H

#include "bench/run.h"

/* Writes the results of all selected entries, after bench_conclude: to standard output in the format that the options
 * name, and as `text`, to be freed with free(), in the file's. `argv` holds Google Benchmark's own options. False if
 * standard output or memory failed. */
bool bench_results_write(const bench_suite *suite, int argc, char **argv, char **text, size_t *size);

#endif
