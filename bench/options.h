/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of cardinal_bench. */
#ifndef CARDINAL_BENCH_OPTIONS_H
#define CARDINAL_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct bench_options {
  const char *filter;  /* NULL: the standard selection */
  const char *models;  /* comma-separated names; NULL: all */
  const char *results; /* folder for the JSON file, NULL: none */
  const char *output;  /* the user's own --benchmark_out, NULL: none */
  size_t quiet_rounds; /* wanted for each benchmark */
  double seconds;      /* at most for each benchmark, unless its few least rounds take longer */
  double budget;       /* about, for everything; 0: no limit */
  bool cold, list, help;
  bool own_table; /* progress and tables on standard output, not one of Google Benchmark's formats */
} bench_options;

/* Takes the options of this program out of argv (argc shrinks) and leaves those that are Google Benchmark's. False with
 * a sentence in `error` for a value that makes no sense or an option that nobody knows. */
bool bench_options_parse(int *argc, char **argv, bench_options *options, char *error, size_t size);

void bench_options_help(FILE *file);

#endif
