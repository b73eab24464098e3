/* SPDX-License-Identifier: BSD-3-Clause */
/* Other libraries on the same networks, from script/compare's results. */
#include <math.h>
#include <string.h>

#include "tools/page.h"
#include "tools/report_parts.h"

static bool is_peer(const bench_row *row, const char *kind) {
  return !strcmp(row->kind, kind);
}

static bool is_ours(const bench_row *row) {
  return !strcmp(row->peer, "cardinal");
}

/* Whether both are of one configuration, whoever ran it. */
static bool is_alike(const bench_row *a, const bench_row *b) {
  return !strcmp(a->kind, b->kind) && !strcmp(a->model, b->model) && !strcmp(a->layer, b->layer) &&
         !strcmp(a->format, b->format) && a->batch == b->batch && a->threads == b->threads;
}

static bool is_first(const report_machine *m, size_t at) {
  for (size_t i = 0; i < at; ++i)
    if (is_alike(m->rows[i], m->rows[at]))
      return false;
  return true;
}

static void add_bar(const page_scale *scale, const bench_row *row, const char *what, FILE *to) {
  char told[320];
  snprintf(told, sizeof told, "%s %s: %.4g ms for %s", row->peer, row->peer_version, 1e3 * row->seconds, what);
  page_strip_begin(to, row->peer, row->peer_version, told);
  page_bar(to, scale, is_ours(row) ? row->format : "peer", 1e3 * row->seconds);
  const char *doubt = bench_row_is_firm(row) ? "" : "~";
  if (row->x_ours > 0)
    page_strip_end(to, "%s%.4g ms, %s%.2f× ours", doubt, 1e3 * row->seconds, doubt, row->x_ours);
  else
    page_strip_end(to, "%s%.4g ms", doubt, 1e3 * row->seconds);
}

/* All libraries on one network, the fastest first. */
static void add_network(const report_machine *m, const bench_row *first, FILE *to) {
  double most = 0, shown = 0;
  char what[192];
  for (size_t i = 0; i < m->count; ++i)
    if (is_alike(m->rows[i], first))
      most = fmax(most, 1e3 * m->rows[i]->seconds);
  const page_scale scale = page_scale_to(most, " ms");
  snprintf(what, sizeof what, "%s, %s, batch %u, %u thread%s", first->model, first->format, first->batch,
           first->threads, first->threads == 1 ? "" : "s");
  page_strips_begin(to, &scale, 24, what);
  for (;;) {
    const bench_row *next = NULL;
    for (size_t i = 0; i < m->count; ++i) {
      const bench_row *row = m->rows[i];
      if (is_alike(row, first) && row->seconds > shown && (!next || row->seconds < next->seconds))
        next = row;
    }
    if (!next)
      break;
    shown = next->seconds;
    add_bar(&scale, next, what, to);
  }
  page_strips_end(to);
}

/* Our own row of a library's layer. */
static const bench_row *ours_of(const report_machine *m, const bench_row *row) {
  for (size_t i = 0; i < m->count; ++i)
    if (is_ours(m->rows[i]) && is_alike(m->rows[i], row))
      return m->rows[i];
  return NULL;
}

/* Whether a library's time of a layer stands beside ours. */
static bool is_compared(const bench_row *row, const char *kind) {
  return is_peer(row, kind) && !is_ours(row) && row->x_ours > 0 && row->x_ours < 1e6;
}

/* Whether it is one of the layers that this library is for, as far as a benchmark of it tells. */
static bool is_grouped(const report_machine *m, const bench_row *row) {
  const bench_row *layer = report_layer(m, "layer", row->model, row->layer, "f32", "");
  return layer && layer->grouped_3x3;
}

/* Libraries in the order in which they first come, by which marks tell them apart. */
static size_t library_of(const report_machine *m, const char *peer) {
  size_t number = 0;
  for (size_t i = 0; i < m->count; ++i) {
    bool is_new = m->rows[i]->peer[0] && !is_ours(m->rows[i]);
    for (size_t j = 0; j < i && is_new; ++j)
      is_new = strcmp(m->rows[i]->peer, m->rows[j]->peer) != 0;
    if (is_new && !strcmp(m->rows[i]->peer, peer))
      return number;
    number += is_new;
  }
  return number;
}

static page_look look_of(const report_machine *m, const char *peer) {
  static const page_look looks[] = {
      {"avx512", "circle"}, {"plain", "diamond"}, {"neon", "square"}, {"bf16", "bar"}, {"naive", "circle"}};
  const size_t number = library_of(m, peer), last = sizeof looks / sizeof *looks - 1;
  return looks[number < last ? number : last];
}

/* Grouped layers: a line for each, a mark for each library. */
static void add_factors(const report_machine *m, const char *kind, FILE *to) {
  double most = 0;
  for (size_t i = 0; i < m->count; ++i)
    if (is_compared(m->rows[i], kind) && is_grouped(m, m->rows[i]))
      most = fmax(most, m->rows[i]->x_ours);
  if (!(most > 0))
    return;
  page_scale scale = page_scale_to(fmax(most, 2), "×");
  scale.emphasis = 1;
  page_key_begin(to);
  for (size_t i = 0; i < m->count; ++i) {
    bool is_new = is_compared(m->rows[i], kind) && is_grouped(m, m->rows[i]);
    for (size_t j = 0; j < i && is_new; ++j)
      is_new = !is_compared(m->rows[j], kind) || strcmp(m->rows[i]->peer, m->rows[j]->peer) != 0;
    if (is_new)
      page_key(to, look_of(m, m->rows[i]->peer), true, m->rows[i]->peer);
  }
  page_key_end(to);
  page_strips_begin(to, &scale, 10, "Grouped 3×3 layers: how many times as long as Cardinal others take");
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *ours = m->rows[i];
    if (!is_peer(ours, kind) || !is_ours(ours) || !is_grouped(m, ours))
      continue;
    char told[512], mark[160];
    size_t used =
        (size_t)snprintf(told, sizeof told, "%s, %s: Cardinal %.3f ms", ours->layer, ours->format, 1e3 * ours->seconds);
    for (size_t j = 0; j < m->count && used < sizeof told; ++j)
      if (is_compared(m->rows[j], kind) && is_alike(m->rows[j], ours))
        used += (size_t)snprintf(told + used, sizeof told - used, ", %s %.2f times as long", m->rows[j]->peer,
                                 m->rows[j]->x_ours);
    page_strip_begin(to, ours->layer, ours->format, told);
    for (size_t j = 0; j < m->count; ++j) {
      const bench_row *row = m->rows[j];
      if (!is_compared(row, kind) || !is_alike(row, ours))
        continue;
      snprintf(mark, sizeof mark, "%s: %.3f ms, %.2f times as long", row->peer, 1e3 * row->seconds, row->x_ours);
      page_mark(to, &scale, look_of(m, row->peer), row->x_ours, bench_row_is_firm(row), mark);
    }
    page_strip_end(to, "%.3f ms", 1e3 * ours->seconds);
  }
  page_strips_end(to);
}

static void add_layer(const report_machine *m, const bench_row *row, FILE *to) {
  const bench_row *ours = ours_of(m, row);
  const bool firm = bench_row_is_firm(row);
  page_row_begin(to);
  page_cell(to, row->model);
  page_cell(to, row->layer);
  page_cell(to, row->format);
  page_cell(to, row->peer);
  page_number(to, 3, ours ? 1e3 * ours->seconds : NAN, ours && bench_row_is_firm(ours));
  page_number(to, 3, 1e3 * row->seconds, firm);
  page_number(to, 2, row->x_ours, firm);
  page_number(to, 2, row->x_ours_min, true);
  page_number(to, 2, row->x_ours_max, true);
  page_row_end(to);
}

/* All layers that another library was timed on. */
static void add_layers(const report_machine *m, const char *kind, const char *heading, FILE *to) {
  static const char *const headings[] = {"network", "layer",  "format", "library", "Cardinal, ms",
                                         "its ms",  "× ours", "min",    "max",     NULL};
  size_t count = 0;
  for (size_t i = 0; i < m->count; ++i)
    count += is_compared(m->rows[i], kind);
  if (!count)
    return;
  page_add(to, "<h4>%s</h4>\n", heading);
  add_factors(m, kind, to);
  page_add(to, "<details><summary>Table of the layers</summary>\n");
  page_table_begin(to, heading, headings, 4);
  for (size_t i = 0; i < m->count; ++i)
    if (is_compared(m->rows[i], kind))
      add_layer(m, m->rows[i], to);
  page_table_end(to);
  page_add(to, "</details>\n");
}

void report_peers(const report_machine *m, FILE *to) {
  bool any = false;
  for (size_t i = 0; i < m->count; ++i)
    any = any || !strncmp(m->rows[i]->kind, "peer_", strlen("peer_"));
  if (!any)
    return;
  page_add(to,
           "<h3>Beside other libraries</h3>\n<p class=\"soft\">The same networks, weights and images, in turns, with "
           "outputs compared before any time counts. “× ours” is how many times as long as Cardinal a library "
           "takes, the median of the rounds’ ratios.</p>\n");
  for (size_t i = 0; i < m->count; ++i)
    if (is_peer(m->rows[i], "peer_network") && is_first(m, i))
      add_network(m, m->rows[i], to);
  add_layers(m, "peer_layers", "Layers inside the networks", to);
  add_layers(m, "peer_alone", "Layers alone", to);
}
