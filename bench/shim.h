/* SPDX-License-Identifier: BSD-3-Clause */
/* Google Benchmark for C: registration, context and output. The measuring itself is done by bench/measure.h. */
#ifndef CARDINAL_BENCH_SHIM_H
#define CARDINAL_BENCH_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_counter {
  const char *name;
  double value;
} bench_counter;

/* What one benchmark found. The pointers must live until the next one runs. */
typedef struct bench_shim_result {
  const char *error; /* NULL if all is well */
  const char *label;
  double seconds; /* of one run */
  size_t rounds;
  const bench_counter *counters;
  size_t counter_count;
} bench_shim_result;

typedef void bench_shim_run(void *user, bench_shim_result *result);

/* Benchmarks run in the order of registration. */
void bench_shim_register(const char *name, bench_shim_run *run, void *user);

/* A fact for the "context" of the output. */
void bench_shim_context(const char *key, const char *value);

/* Runs all that are registered. `silent` leaves standard output to the caller. */
void bench_shim_main(int argc, char **argv, bool silent);

#ifdef __cplusplus
}
#endif

#endif
