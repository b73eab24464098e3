/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmarks found, for people. */
#ifndef CARDINAL_BENCH_REPORT_H
#define CARDINAL_BENCH_REPORT_H

#include <stdio.h>

#include "bench/run.h"

/* One line, with the peak so far: "0.452 ms, 80.1 GFLOP/s, 78.0 % of peak, gconv3x3_f32_w4_avx2", or what went wrong.
 */
void bench_report_line(const bench_entry *entry, FILE *file);

/* The tables at the end, of whatever was measured. */
void bench_report_tables(const bench_suite *suite, FILE *file);

#endif
