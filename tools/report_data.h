/* SPDX-License-Identifier: BSD-3-Clause */
/* What `cardinal report` shows: results of runs, gathered by machine. */
#ifndef CARDINAL_TOOLS_REPORT_DATA_H
#define CARDINAL_TOOLS_REPORT_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/bench_file.h"

/* One machine, as all the files tell of it. */
typedef struct report_machine {
  char name[192];          /* its CPU; with what tells it from others of that name */
  const bench_file *known; /* the one of its files that says the most of it */
  const bench_file **files;
  size_t file_count;
  const bench_row **rows; /* without errors; of each name the one that was measured last */
  size_t count;
} report_machine;

typedef struct report_data {
  const bench_file *files;
  size_t file_count;
  report_machine *machines;
  size_t machine_count;
} report_data;

/* Gathers the files' rows, which must live as long. False without memory; to be freed in any case. */
bool report_gather(report_data *to, const bench_file *files, size_t count);
void report_free(report_data *data);

/* The newest of a machine's files that tells how this library was built; the newest one if none does. */
const bench_file *report_newest(const report_machine *machine);

/* Number formats in the order of the page; NULL behind the last one. */
const char *report_format(size_t index);

/* The fastest row of a network by any instruction set; NULL: not measured. */
const bench_row *report_net(const report_machine *machine, const char *model, const char *format, unsigned batch,
                            unsigned threads);

/* The network that stands for the machine: ResNeXt-50 32x4d if it was measured, else the first one; NULL: none. */
const char *report_main_model(const report_machine *machine);

/* Whether an earlier row of the same kind has this row's model; so each model is met once. */
bool report_is_first_of_model(const report_machine *machine, size_t row);

/* The most threads that any network ran with; 1 if none did. */
unsigned report_threads(const report_machine *machine);

/* How often a network is faster than its convolutions in naive loops, one thread, batch 1; 0: unknown. */
double report_net_x_naive(const report_machine *machine, const bench_row *net, bool *firm);

/* The fastest other library on the same network; NULL: none was measured. */
const bench_row *report_fastest_peer(const report_machine *machine, const bench_row *net);

/* The row of a layer by an instruction set ("" for the fastest), one thread; NULL: not measured. `kind` is "layer",
 * "plain" or "naive". */
const bench_row *report_layer(const report_machine *machine, const char *kind, const char *model, const char *layer,
                              const char *format, const char *isa);

/* How many layers of the model have this row's shape, itself included. */
size_t report_alike(const report_machine *machine, const bench_row *layer);

/* Whether it is a layer that was measured itself, with one thread. */
bool report_is_own_layer(const bench_row *row);

#endif
