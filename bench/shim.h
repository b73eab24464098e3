/* SPDX-License-Identifier: BSD-3-Clause */
/* Google Benchmark for C, as the writer of results: bench/measure.h measures, and what it found is handed over here,
 * for Google Benchmark's statistics over repetitions and its formats. */
#ifndef CARDINAL_BENCH_SHIM_H
#define CARDINAL_BENCH_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bench_unit {
  BENCH_NANOSECONDS,
  BENCH_MICROSECONDS,
  BENCH_MILLISECONDS,
  BENCH_SECONDS
} bench_unit;

typedef enum bench_format {
  BENCH_FORMAT_NONE,
  BENCH_FORMAT_CONSOLE,
  BENCH_FORMAT_JSON,
  BENCH_FORMAT_CSV
} bench_format;

typedef struct bench_counter {
  const char *name;
  double value;
} bench_counter;

enum {
  BENCH_COUNTERS = 10
};

/* One repetition of a benchmark. */
typedef struct bench_shim_run {
  const char *error;           /* NULL if all is well */
  double seconds, cpu_seconds; /* of one iteration */
  size_t iterations;           /* that the times rest on */
  bench_counter counters[BENCH_COUNTERS];
  size_t counter_count;
  char *members; /* further members of the object in JSON, such as "\"a\": [1, 2]", or NULL */
} bench_shim_run;

typedef struct bench_shim_benchmark {
  const char *name, *label;
  unsigned threads;
  bench_unit unit;
  const bench_shim_run *runs;
  size_t run_count; /* if it is less than the repetitions, the last one stands for those that are missing */
} bench_shim_benchmark;

/* Adds a benchmark to the results, in the order of calls. What it points to must live until bench_shim_write. */
void bench_shim_add(const bench_shim_benchmark *benchmark);

/* A fact for the "context" of the output. */
void bench_shim_context(const char *key, const char *value);

/* Writes all that was added: to standard output in one format, and in another one to `text`, which is to be freed with
 * free(). The arguments are Google Benchmark's own options (which it doesn't check). False if standard output or memory
 * failed. */
bool bench_shim_write(int argc, char **argv, bench_format shown, bench_format kept, char **text, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
