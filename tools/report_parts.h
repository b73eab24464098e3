/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of a machine's report. Each prints nothing where nothing of its kind was measured. */
#ifndef CARDINAL_TOOLS_REPORT_PARTS_H
#define CARDINAL_TOOLS_REPORT_PARTS_H

#include <stdio.h>

#include "tools/report_data.h"

/* report_nets.c: what the machine stands for, threads and batches, cardinality at constant cost. */
void report_cards(const report_machine *machine, FILE *to);
void report_scaling(const report_machine *machine, FILE *to);
void report_cardinality(const report_machine *machine, FILE *to);

/* report_layers.c: shares of the peak, and sweeps of width and cardinality. */
void report_layers(const report_machine *machine, FILE *to);
void report_sweep(const report_machine *machine, FILE *to);

/* report_roofline.c, report_rounds.c, report_peers.c */
void report_roofline(const report_machine *machine, FILE *to);
void report_rounds(const report_machine *machine, FILE *to);
void report_peers(const report_machine *machine, FILE *to);

/* report_changes.c: an older run against the machine's newest one that has benchmarks in common with it, if there is
 * one. */
bool report_has_changes(const report_machine *machine, const bench_file *before);
void report_changes(const report_machine *machine, const bench_file *before, FILE *to);

/* report_tables.c: every result in a table, and where each file comes from. */
void report_all_results(const report_machine *machine, FILE *to);
void report_provenance(const report_data *data, FILE *to);

/* report_archive.c: the files themselves, and the older run if there is one, in at most `room` bytes: as many as have
 * room, then their rounds, newer ones first. The page says what is left out, and tells the names of all in any case.
 * False without memory. */
bool report_archive(const report_data *data, const bench_file *against, size_t room, FILE *to);

/* report_markdown.c: a row of results/README.md for each machine, then the tables. */
void report_markdown(const report_data *data, FILE *to);

#endif
