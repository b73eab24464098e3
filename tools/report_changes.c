/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "tools/compare.h"
#include "tools/page.h"
#include "tools/report_parts.h"

enum {
  MOST_STRIPS = 25
};

static void add_strip(const compare_result *r, const compare_row *row, const page_scale *scale, FILE *to) {
  static const char *const words[] = {"slower", "faster", "no difference shown", "not tested"};
  static const char *const looks[] = {"bad", "good", "naive", "naive"};
  const compare_verdict verdict = compare_row_verdict(r, row);
  char told[768];
  snprintf(told, sizeof told, "%s: ratio %.3f, interval %.3f to %.3f, %s", row->before->name, row->ratio,
           row->interval.low, row->interval.high, words[verdict]);
  page_strip_begin(to, row->before->name, "", told);
  page_range(to, scale, looks[verdict], 100 * (row->interval.low - 1), 100 * (row->interval.high - 1));
  page_mark(to, scale, (page_look){looks[verdict], "circle"}, 100 * (row->ratio - 1), row->firm, told);
  page_strip_end(to, "%s%+.1f %%", row->firm ? "" : "~", 100 * (row->ratio - 1));
}

static void add_strips(const compare_result *r, FILE *to) {
  double most = 2;
  size_t count = 0;
  for (; count < r->count && count < MOST_STRIPS; ++count)
    most = fmax(most, 100 * fmax(r->rows[count].interval.high - 1, 1 - r->rows[count].interval.low));
  const double end = fmin(50, ceil(most / 2) * 2);
  const page_scale scale = {.from = -end, .to = end, .step = end / 2, .emphasis = 0, .unit = " %"};
  page_strips_begin(to, &scale, 10,
                    "The largest changes of time, new against old, with 95 % intervals: to the right is "
                    "slower; coloured is significant after Holm’s correction");
  for (size_t i = 0; i < count; ++i)
    add_strip(r, &r->rows[i], &scale, to);
  page_strips_end(to);
}

/* The machine's newest file that has benchmarks in common with the old one, compared; NULL: none has. */
static const bench_file *compare_newest(const report_machine *m, const bench_file *before, compare_result *result) {
  char why[512];
  for (size_t i = m->file_count; i-- > 0;) {
    const bench_file *after = m->files[i];
    if (compare_difference(before, after) || !strcmp(after->path, before->path))
      continue; /* another machine, other settings, or the old run itself */
    if (compare_files(before, after, NULL, false, result, why, sizeof why))
      return after;
    compare_free(result);
  }
  return NULL;
}

bool report_has_changes(const report_machine *m, const bench_file *before) {
  compare_result result;
  const bool has = compare_newest(m, before, &result) != NULL;
  if (has)
    compare_free(&result);
  return has;
}

void report_changes(const report_machine *m, const bench_file *before, FILE *to) {
  compare_result result;
  const bench_file *after = compare_newest(m, before, &result);
  if (!after)
    return;
  page_add(to, "<h3>Old against new</h3>\n<p class=\"soft\">");
  page_add_text(to, "%s (%s) against %s (%s). %zu of %zu benchmarks tested; geometric mean of the ratios %.3f.",
                bench_file_context(before, "commit"), bench_file_context(before, "started"),
                bench_file_context(after, "commit"), bench_file_context(after, "started"), result.tested, result.count,
                compare_mean_ratio(&result));
  page_add(to, "</p>\n");
  add_strips(&result, to);
  compare_free(&result);
}
