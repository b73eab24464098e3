/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_BENCH_REPORT_CASES_H
#define CARDINAL_BENCH_REPORT_CASES_H

#include <stdio.h>

#include "bench/suite.h"

/* A table for each given problem: the naive loops, the portable kernels, the library's and the plug-in's. */
void bench_report_cases(const bench_suite *suite, size_t model, FILE *file);

/* Those of a sweep: by instruction set, a line for each problem, then % of peak by width and cardinality. */
void bench_report_sweep(const bench_suite *suite, size_t model, FILE *file);

#endif
