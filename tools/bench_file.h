/* SPDX-License-Identifier: BSD-3-Clause */
/* The results of one run of cardinal_bench (docs/measuring.md) or of script/compare (docs/peers.md), read from its
 * JSON. */
#ifndef CARDINAL_TOOLS_BENCH_FILE_H
#define CARDINAL_TOOLS_BENCH_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

typedef struct bench_file_round {
  double seconds, canary_pct;
  bool quiet;
} bench_file_round;

/* One benchmark. Strings live as long as the file and are "" where the benchmark has no such thing. */
typedef struct bench_row {
  const char *name, *kind, *format, *isa, *kernel, *model, *layer, *shape, *level;
  const char *measured_as;         /* the benchmark of the same shape that was measured in its place */
  const char *peer, *peer_version; /* a library that was timed beside this one */
  const char *label, *error;
  unsigned threads, batch;
  double flops, bytes; /* nominal operations and least traffic of a run; 0: unknown */
  double seconds;      /* median over the quiet rounds, over all if none was quiet; NAN if there is an error */
  double peak_gflops;  /* that percentages refer to */
  double gflops, peak_pct, x_naive, bytes_per_second; /* NAN: it has none */
  double x_ours, x_ours_min, x_ours_max;              /* times that a peer takes as long; NAN: none */
  bool x_naive_firm, grouped_3x3;
  bench_file_round *rounds; /* of all repetitions; NULL: it has none of its own */
  size_t round_count, quiet_count;
} bench_row;

typedef struct bench_file {
  const char *path; /* the caller's */
  char *text;       /* as it was read */
  size_t size;
  json_t *root;
  const json_t *context;
  bench_row *rows;
  size_t count;
} bench_file;

/* Reads a file. False if it isn't such a file; `why` then says where and what was expected. To be freed in any case. */
bool bench_file_read(bench_file *file, const char *path, char *why, size_t size);
void bench_file_free(bench_file *file);

/* A fact of the context, such as "cpu"; "" if it isn't told. */
const char *bench_file_context(const bench_file *file, const char *key);

/* The row of a name; NULL: there is none. */
const bench_row *bench_file_find(const bench_file *file, const char *name);

/* Whether its median rests on enough quiet rounds not to be marked. */
bool bench_row_is_firm(const bench_row *row);

#endif
