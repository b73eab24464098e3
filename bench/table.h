/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables in plain text, with columns as wide as their widest cell, or in Markdown. */
#ifndef CARDINAL_BENCH_TABLE_H
#define CARDINAL_BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct bench_table {
  size_t columns, cells;
  char **cell; /* row by row, the heading first */
} bench_table;

void bench_table_open(bench_table *table, size_t columns);
void bench_table_close(bench_table *table);

/* Opens a table with a heading for each column. */
void bench_table_headed(bench_table *table, const char *const *headings, size_t columns);

/* Adds a cell behind the last one; control characters become question marks. */
__attribute__((format(printf, 2, 3))) void bench_table_add(bench_table *table, const char *format, ...);

/* What stands before medians of too few quiet rounds. */
#define BENCH_DOUBT "~"

/* Adds a figure, marked if it isn't firm, or "-" for 0. */
void bench_table_figure(bench_table *table, const char *format, double figure, bool firm);

/* Two blanks between columns, a line under the heading. `alignment` has a letter for each column: l for left, r for
 * right. */
void bench_table_print(const bench_table *table, const char *alignment, FILE *file);

/* The same in Markdown. */
void bench_table_markdown(const bench_table *table, const char *alignment, FILE *file);

#endif
