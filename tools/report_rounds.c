/* SPDX-License-Identifier: BSD-3-Clause */
/* Every round of the main results as a dot. */
#include <math.h>
#include <string.h>

#include "tools/page.h"
#include "tools/report_parts.h"

enum {
  MOST_DOTS = 200 /* of one kind in one line */
};

/* Rounds that count, or those that don't, at their distance from the median. */
static void add_dots(const bench_row *row, const page_scale *scale, bool quiet, FILE *to) {
  double distances[MOST_DOTS];
  char series[32];
  size_t count = 0;
  for (size_t i = 0; i < row->round_count && count < MOST_DOTS; ++i)
    if (row->rounds[i].quiet == quiet)
      distances[count++] = 100 * (row->rounds[i].seconds / row->seconds - 1);
  if (!count)
    return;
  snprintf(series, sizeof series, "s-%s", quiet ? page_look_of(row->isa).series : "bad");
  page_dots(to, scale, series, distances, count);
  if (!quiet)
    page_dots(to, scale, "hole", distances, count);
}

static void add_row(const bench_row *row, const page_scale *scale, FILE *to) {
  const bool net = !strcmp(row->kind, "net");
  char note[128], told[96];
  snprintf(note, sizeof note, "%s %s%s%s", row->format, row->isa, net ? "" : ", ", net ? "" : row->shape);
  snprintf(told, sizeof told, "%zu quiet ones of %zu rounds", row->quiet_count, row->round_count);
  page_strip_begin(to, net ? row->model : row->layer, note, told);
  page_dots_begin(to);
  add_dots(row, scale, false, to);
  add_dots(row, scale, true, to);
  page_dots_end(to);
  page_strip_end(to, "%.4g ms, %zu/%zu", 1e3 * row->seconds, row->quiet_count, row->round_count);
}

static bool is_shown(const report_machine *m, const bench_row *row) {
  if (!row->rounds)
    return false;
  if (!strcmp(row->kind, "net"))
    return row->batch == 1 && report_net(m, row->model, row->format, 1, row->threads) == row && row->threads == 1;
  return report_is_own_layer(row) && report_layer(m, "layer", row->model, row->layer, row->format, "") == row;
}

void report_rounds(const report_machine *m, FILE *to) {
  const page_scale scale = {.from = -5, .to = 20, .step = 5, .emphasis = 0, .unit = " %"};
  bool any = false;
  for (size_t i = 0; i < m->count; ++i)
    any = any || is_shown(m, m->rows[i]);
  if (!any)
    return;
  page_add(to, "<h3>Every round</h3>\n");
  page_key_begin(to);
  page_key(to, (page_look){"avx512", "circle"}, true, "quiet: its canaries reached 95 % of the peak");
  page_key(to, (page_look){"bad", "circle"}, false, "disturbed: doesn't count");
  page_key_end(to);
  page_strips_begin(to, &scale, 20,
                    "Distance from the median, by the fastest instruction set with one thread; what lies "
                    "beyond an end is drawn there; of more than 200 dots of a kind, the first 200");
  for (size_t i = 0; i < m->count; ++i)
    if (is_shown(m, m->rows[i]))
      add_row(m->rows[i], &scale, to);
  page_strips_end(to);
}
