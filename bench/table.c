/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "bench/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void bench_table_open(bench_table *t, size_t columns) {
  *t = (bench_table){.columns = columns};
}

void bench_table_close(bench_table *t) {
  for (size_t i = 0; i < t->cells; ++i)
    free(t->cell[i]);
  free(t->cell);
}

static void add_cell(bench_table *t, const char *format, va_list arguments) {
  char **grown = realloc(t->cell, (t->cells + 1) * sizeof *t->cell);
  if (grown)
    t->cell = grown;
  if (!grown || vasprintf(&t->cell[t->cells], format, arguments) < 0) {
    fprintf(stderr, "%s: no memory for a table\n", program_invocation_short_name);
    exit(EXIT_FAILURE);
  }
  for (unsigned char *c = (unsigned char *)t->cell[t->cells++]; *c; ++c)
    if (*c < 0x20 || *c == 0x7f)
      *c = '?';
}

void bench_table_add(bench_table *t, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add_cell(t, format, arguments);
  va_end(arguments);
}

void bench_table_headed(bench_table *t, const char *const *headings, size_t columns) {
  bench_table_open(t, columns);
  for (size_t i = 0; i < columns; ++i)
    bench_table_add(t, "%s", headings[i]);
}

void bench_table_figure(bench_table *t, const char *format, double figure, bool firm) {
  char text[64];
  snprintf(text, sizeof text, format, figure);
  bench_table_add(t, "%s%s", figure > 0 && !firm ? BENCH_DOUBT : "", figure > 0 ? text : "-");
}

static size_t column_width(const bench_table *t, size_t column) {
  size_t width = 0;
  for (size_t i = column; i < t->cells; i += t->columns)
    width = strlen(t->cell[i]) > width ? strlen(t->cell[i]) : width;
  return width;
}

/* Nothing follows the last cell of a line. */
static void print_cell(const bench_table *t, size_t cell, char alignment, FILE *file) {
  const size_t column = cell % t->columns;
  const bool last = column + 1 == t->columns;
  const int width = (int)column_width(t, column);
  if (alignment == 'l')
    fprintf(file, "%-*s", last ? 0 : width, t->cell[cell]);
  else
    fprintf(file, "%*s", width, t->cell[cell]);
  fputs(last ? "\n" : "  ", file);
}

void bench_table_print(const bench_table *t, const char *alignment, FILE *file) {
  for (size_t cell = 0; cell < t->cells; ++cell) {
    print_cell(t, cell, alignment[cell % t->columns], file);
    if (cell + 1 != t->columns)
      continue;
    size_t width = 2 * (t->columns - 1);
    for (size_t column = 0; column < t->columns; ++column)
      width += column_width(t, column);
    for (size_t i = 0; i < width; ++i)
      fputc('-', file);
    fputc('\n', file);
  }
}

void bench_table_markdown(const bench_table *t, const char *alignment, FILE *file) {
  for (size_t cell = 0; cell < t->cells; ++cell) {
    fputs("| ", file);
    for (const char *c = t->cell[cell]; *c; ++c) {
      if (*c == '|')
        fputc('\\', file);
      fputc(*c, file);
    }
    fputs((cell + 1) % t->columns ? " " : " |\n", file);
    if (cell + 1 != t->columns)
      continue;
    for (size_t column = 0; column < t->columns; ++column)
      fputs(alignment[column] == 'r' ? "|---:" : "|---", file);
    fputs("|\n", file);
  }
}
