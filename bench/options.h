/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of cardinal_bench. */
#ifndef CARDINAL_BENCH_OPTIONS_H
#define CARDINAL_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/shim.h"
#include "gauntlet/problems.h"

typedef struct bench_options {
  const char *filter;             /* NULL: the standard selection */
  const char *models;             /* comma-separated names; NULL: all */
  gauntlet_problems cases, sweep; /* in place of networks: given ones, and those of a sweep */
  const char *kernel;             /* a plug-in whose kernels run beside the library's on the cases; NULL: none */
  const char *results;            /* folder for the JSON file, NULL: none */
  const char *output;             /* the user's own --benchmark_out, NULL: none */
  bench_format format;            /* on standard output; BENCH_FORMAT_NONE: progress and tables of our own */
  bench_format output_format;
  bench_unit unit; /* if unit_given */
  bool unit_given;
  size_t quiet_rounds; /* wanted for each benchmark */
  size_t repetitions;
  double seconds; /* at most for each benchmark, unless its few least rounds take longer */
  double budget;  /* about, for everything; 0: no limit */
  bool cold, dry_run, list, help;
  bool interleaving; /* asked for, which changes nothing */
} bench_options;

/* Takes the options of this program out of argv (argc shrinks) and leaves those that are Google Benchmark's, checked.
 * False with a sentence in `error` for a value that makes no sense or an option that nobody knows. */
bool bench_options_parse(int *argc, char **argv, bench_options *options, char *error, size_t size);

void bench_options_free(bench_options *options);

void bench_options_help(FILE *file);

#endif
