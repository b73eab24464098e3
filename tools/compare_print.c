/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/table.h"
#include "tools/command.h"
#include "tools/compare.h"

static const char *const verdicts[] = {"slower", "faster", "alike", "untested"};

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void print_file(const char *what, const bench_file *file, FILE *to) {
  fprintf(to, "%s: ", what);
  tool_put_clean(to, file->path);
  fputs(", ", to);
  tool_put_clean(to, bench_file_context(file, "cpu"));
  fputs(", commit ", to);
  tool_put_clean(to, bench_file_context(file, "commit"));
  fputs(", ", to);
  tool_put_clean(to, bench_file_context(file, "compiler"));
  fputs(", ", to);
  tool_put_clean(to, bench_file_context(file, "started"));
}

/* What became of the machine itself between the runs: not the program's doing. */
static void print_machine(const compare_result *r, const char *end, FILE *to) {
  for (size_t i = 0; i < r->before->count; ++i) {
    const bench_row *old = &r->before->rows[i], *new = bench_file_find(r->after, old->name);
    if (!strcmp(old->kind, "fma") && new && old->peak_gflops > 0 && new->peak_gflops > 0)
      fprintf(to, "peak, %s %s, %u thread%s: %.1f, then %.1f GFLOP/s (%+.1f %%)%s\n", old->format, old->isa,
              old->threads, old->threads == 1 ? "" : "s", old->peak_gflops, new->peak_gflops,
              100 * (new->peak_gflops / old->peak_gflops - 1), end);
  }
}

static void add_time(bench_table *t, const bench_row *row) {
  bench_table_figure(t, "%.4g", 1e3 * row->seconds, bench_row_is_firm(row));
}

static void add_row(const compare_result *r, const compare_row *row, bench_table *t) {
  static const char *const words[] = {"slower", "faster", "no difference shown", "too few quiet rounds"};
  const compare_verdict verdict = compare_row_verdict(r, row);
  bench_table_add(t, "%s", row->before->name);
  add_time(t, row->before);
  add_time(t, row->after);
  bench_table_figure(t, "%.3f", row->ratio, row->firm);
  bench_table_add(t, "%.3f to %.3f", row->interval.low, row->interval.high);
  if (isnan(row->holm))
    bench_table_add(t, "-");
  else
    bench_table_add(t, row->holm < 0.001 ? "%.0e" : "%.3f", row->holm);
  if (r->threshold > 0 && verdict == COMPARE_SLOWER && compare_row_is_finding(r, row))
    bench_table_add(t, "slower by %g %% or more", 100 * r->threshold);
  else
    bench_table_add(t, "%s", words[verdict]);
}

static void print_names(const char *what, const bench_row *const *rows, size_t count, FILE *to) {
  enum {
    MOST = 5
  };
  if (!count)
    return;
  fprintf(to, "%zu %s:", count, what);
  for (size_t i = 0; i < count && i < MOST; ++i) {
    fputc(' ', to);
    tool_put_clean(to, rows[i]->name);
  }
  fputs(count > MOST ? " ...\n" : "\n", to);
}

/* The smallest p that a row of the table can reach, corrected: where it is no less than the level, nothing can be
 * shown. Orders of n and m values: (n + m)! / (n! m!). */
static size_t hopeless_rows(const compare_result *r) {
  size_t hopeless = 0;
  for (size_t i = 0; i < r->count; ++i) {
    const compare_row *row = &r->rows[i];
    const double n = (double)row->before->quiet_count, m = (double)row->after->quiet_count;
    const double orders = exp(lgamma(n + m + 1) - lgamma(n + 1) - lgamma(m + 1));
    hopeless += row->firm && 2 / orders * (double)r->tested >= r->alpha;
  }
  return hopeless;
}

static void print_notes(const compare_result *r, FILE *to) {
  size_t slower = 0, faster = 0;
  for (size_t i = 0; i < r->count; ++i) {
    slower += compare_row_verdict(r, &r->rows[i]) == COMPARE_SLOWER;
    faster += compare_row_verdict(r, &r->rows[i]) == COMPARE_FASTER;
  }
  fprintf(to, "\n%zu of %zu benchmarks tested: %zu slower, %zu faster", r->tested, r->count, slower, faster);
  if (r->tested)
    fprintf(to, "; geometric mean of the ratios %.4f", compare_mean_ratio(r));
  fprintf(to,
          ".\nMedians in ms over quiet rounds; ratios are new / old%s, with 95 %% bootstrap intervals; p by\n"
          "Mann-Whitney, corrected for %zu rows by Holm; significant below %g.\n",
          r->of_peak ? " of times counted in their own run's peak" : "", r->tested, r->alpha);
  if (r->tested < r->count)
    fprintf(to, "~ rests on fewer than %d quiet rounds and isn't tested.\n", CARDINAL_FIRM_ROUNDS);
  const size_t hopeless = hopeless_rows(r);
  if (hopeless)
    fprintf(to, "%zu rows have so few quiet rounds that no difference could be significant among so many rows.\n",
            hopeless);
  print_names("only in the old file", r->only_before, r->only_before_count, to);
  print_names("only in the new file", r->only_after, r->only_after_count, to);
  print_names("FAILED in the new file alone", r->newly_failed, r->newly_failed_count, to);
}

void compare_print(const compare_result *r, bool markdown, FILE *to) {
  static const char *const headings[] = {"benchmark", "old", "new", "ratio", "interval", "p", "verdict"};
  const char *line_end = markdown ? "  " : ""; /* which breaks the line in Markdown, too */
  print_file("old", r->before, to);
  fprintf(to, "%s\n", line_end);
  print_file("new", r->after, to);
  fprintf(to, "%s\n", line_end);
  print_machine(r, line_end, to);
  fputc('\n', to);
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof *headings);
  for (size_t i = 0; i < r->count; ++i)
    add_row(r, &r->rows[i], &t);
  if (markdown)
    bench_table_markdown(&t, "lrrrrrl", to);
  else
    bench_table_print(&t, "lrrrrrl", to);
  bench_table_close(&t);
  print_notes(r, to);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *number_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_file(const bench_file *file) {
  return json_pack("{s:o, s:o, s:o, s:o}", "file", tool_json_text(file->path), "cpu",
                   tool_json_text(bench_file_context(file, "cpu")), "commit",
                   tool_json_text(bench_file_context(file, "commit")), "started",
                   tool_json_text(bench_file_context(file, "started")));
}

static json_t *json_row(const compare_result *r, const compare_row *row) {
  return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:[o, o], s:o, s:o, s:s, s:b}", "name", row->before->name,
                   "format", row->before->format, "old_seconds", number_or_null(row->before->seconds), "new_seconds",
                   number_or_null(row->after->seconds), "old_quiet_rounds", (json_int_t)row->before->quiet_count,
                   "new_quiet_rounds", (json_int_t)row->after->quiet_count, "ratio", number_or_null(row->ratio),
                   "interval", number_or_null(row->interval.low), number_or_null(row->interval.high), "p",
                   number_or_null(row->p), "p_holm", number_or_null(row->holm), "verdict",
                   verdicts[compare_row_verdict(r, row)], "finding",
                   (int)(r->threshold >= 0 && compare_row_is_finding(r, row)));
}

static json_t *json_names(const bench_row *const *rows, size_t count) {
  json_t *names = json_array();
  for (size_t i = 0; i < count; ++i)
    json_array_append_new(names, tool_json_text(rows[i]->name));
  return names;
}

json_t *compare_json(const compare_result *r) {
  json_t *rows = json_array();
  for (size_t i = 0; i < r->count; ++i)
    json_array_append_new(rows, json_row(r, &r->rows[i]));
  return json_pack("{s:s, s:o, s:o, s:f, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "schema", "cardinal-compare-1",
                   "old", json_file(r->before), "new", json_file(r->after), "alpha", r->alpha, "threshold",
                   number_or_null(r->threshold >= 0 ? r->threshold : NAN), "of_peak", (int)r->of_peak, "tested",
                   (json_int_t)r->tested, "mean_ratio", number_or_null(compare_mean_ratio(r)), "rows", rows, "only_old",
                   json_names(r->only_before, r->only_before_count), "only_new",
                   json_names(r->only_after, r->only_after_count), "newly_failed",
                   json_names(r->newly_failed, r->newly_failed_count));
}
