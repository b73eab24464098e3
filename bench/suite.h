/* SPDX-License-Identifier: BSD-3-Clause */
/* All benchmarks by name, and the results of those that ran. */
#ifndef CARDINAL_BENCH_SUITE_H
#define CARDINAL_BENCH_SUITE_H

#include "bench/library.h"
#include "bench/machine.h"
#include "bench/measure.h"
#include "bench/options.h"
#include "bench/problem.h"
#include "gauntlet/source.h"

typedef enum bench_kind {
  BENCH_FMA,
  BENCH_CANARY,
  BENCH_COPY,
  BENCH_NAIVE,
  BENCH_PLAIN,
  BENCH_LAYER,
  BENCH_FOREIGN, /* a plug-in's kernel on a given problem */
  BENCH_NET
} bench_kind;

typedef struct bench_entry bench_entry;

typedef struct bench_result {
  bool done;              /* ran, and its output was right */
  cardinal_rounds rounds; /* of all repetitions, one after the other */
  size_t *repetition_end; /* in rounds */
  size_t repetitions;
  double flops; /* nominal, of one timed run */
  double share; /* of the whole problem that a timed run computes */
  double bytes; /* that one run reads and writes; copies only */
  cardinal_peaks peaks;
  cardinal_measurement measured; /* all rounds; seconds are scaled up to the whole problem */
  const bench_entry *copied;     /* from a layer of the same shape, which owns the rounds; NULL: measured itself */
  char kernel[64];
  char label[640];
  char error[512]; /* "" if all is well */
} bench_result;

struct bench_entry {
  char name[448];
  bench_kind kind;
  bool standard; /* belongs to the selection that runs without a filter */
  bool selected;
  cardinal_format format; /* of the products */
  cardinal_isa isa;
  cardinal_isa loops, against; /* whose loops run in the rounds, and whose peak the result is held against */
  unsigned threads;
  size_t model, layer, batch; /* indices; batch is a number of images */
  size_t foreign;             /* index in the plug-in's list */
  bench_level level;
  bench_result result;
};

typedef struct bench_layer {
  char name[GAUNTLET_DESCRIPTOR_BYTES];
  size_t problem; /* layers of the same shape share one */
} bench_layer;

/* Where a model's layers come from. */
typedef enum bench_cases {
  BENCH_NETWORK,
  BENCH_GIVEN, /* each is a problem that was given */
  BENCH_SWEPT  /* each is one of a sweep */
} bench_cases;

typedef struct bench_model {
  cardinal_net_spec spec; /* of given problems only the name is set */
  cardinal_precision precision;
  cardinal_format format; /* of a network */
  bench_cases cases;
  size_t first_layer, end_layer;
} bench_model;

typedef struct bench_suite {
  const bench_options *options;
  bench_machine machine;
  bool usable[CARDINAL_ISA_COUNT];
  cardinal_isa best;
  unsigned all_threads;
  bench_model *models;
  bench_layer *layers;
  bench_problem *problems;
  bench_entry *entries;
  size_t model_count, layer_count, problem_count, entry_count;
  gauntlet_list *plugin; /* what --kernel has; NULL: none */
} bench_suite;

/* Lists every benchmark of this machine and selects those that the options name. False with a sentence in `error`. */
bool bench_suite_make(bench_suite *suite, const bench_options *options, char *error, size_t size);
void bench_suite_destroy(bench_suite *suite);

/* Room for one more of `count` items; ends the program with a message if there is none. */
void *bench_grow(void *items, size_t count, size_t item_bytes);

/* The layer that stands for all of the same shape in its model: the first one. */
size_t bench_suite_first_alike(const bench_suite *suite, size_t model, size_t layer);

/* The entry that measured a layer (or one of the same shape) of any model, NULL if none did. `isa` and `threads` are
 * ignored for naive ones. */
const bench_entry *bench_suite_layer_entry(const bench_suite *suite, bench_kind kind, size_t layer, cardinal_isa isa,
                                           unsigned threads);

/* How often a layer is faster than the naive kernel, and whether both medians are firm; 0 if that wasn't measured. */
double bench_times_naive(const bench_suite *suite, const bench_entry *entry, bool *firm);

#endif
