/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/cardinal.h>

#include "tools/page.h"
#include "tools/report_parts.h"

/* Who may have computed a layer, in the order of the marks. */
typedef struct series {
  const char *kind, *isa; /* "": the fastest of its instruction sets */
  const char *look, *meaning;
} series;

static const series all_series[] = {
    {"naive", "", "naive", "naive loops"},
    {"plain", "", "plain", "portable C, compiled for the widest instruction set"},
    {"layer", "generic", "generic", "portable C, compiled for any CPU"},
    {"layer", "neon", "neon", "hand-written, NEON"},
    {"layer", "avx2", "avx2", "hand-written, AVX2"},
    {"layer", "avx512", "avx512", "hand-written, AVX-512"},
};
enum {
  SERIES = sizeof all_series / sizeof *all_series
};

static const bench_row *row_of(const report_machine *m, const series *s, const bench_row *layer) {
  return report_layer(m, s->kind, layer->model, layer->layer, layer->format, s->isa);
}

/* Whether no earlier row is of the same layer: one row stands for all instruction sets and formats. */
static bool is_first_of_layer(const report_machine *m, size_t at) {
  const bench_row *row = m->rows[at];
  if (!report_is_own_layer(row))
    return false;
  for (size_t i = 0; i < at; ++i)
    if (report_is_own_layer(m->rows[i]) && !strcmp(m->rows[i]->model, row->model) &&
        !strcmp(m->rows[i]->layer, row->layer))
      return false;
  return true;
}

/* The best row of a layer that a mark stands for, those of portable C left out where there are others. */
static bool is_shown(const report_machine *m, const series *s, const bench_row *layer) {
  if (!row_of(m, s, layer))
    return false;
  const bench_row *fastest = report_layer(m, "layer", layer->model, layer->layer, layer->format, "");
  return strcmp(s->isa, "generic") != 0 || !strcmp(fastest->isa, "generic");
}

static void add_layer(const report_machine *m, const page_scale *scale, const bench_row *layer, FILE *to) {
  const bench_row *fastest = report_layer(m, "layer", layer->model, layer->layer, layer->format, "");
  const size_t alike = report_alike(m, fastest);
  char note[192], told[640], mark[192];
  if (alike > 1)
    snprintf(note, sizeof note, "%s, %zu alike", layer->shape, alike);
  else
    snprintf(note, sizeof note, "%s", layer->shape);
  size_t used =
      (size_t)snprintf(told, sizeof told, "%s, %s, %s, %% of the peak:", layer->layer, layer->shape, layer->format);
  for (size_t i = 0; i < SERIES; ++i) {
    const bench_row *row = is_shown(m, &all_series[i], layer) ? row_of(m, &all_series[i], layer) : NULL;
    if (row && used < sizeof told)
      used += (size_t)snprintf(told + used, sizeof told - used, " %s %.1f;", all_series[i].meaning, row->peak_pct);
  }
  page_strip_begin(to, layer->layer, note, told);
  for (size_t i = 0; i < SERIES; ++i) {
    const bench_row *row = is_shown(m, &all_series[i], layer) ? row_of(m, &all_series[i], layer) : NULL;
    if (!row)
      continue;
    snprintf(mark, sizeof mark, "%s: %.4g ms, %.1f %%, %zu quiet rounds", row->kernel, 1e3 * row->seconds,
             row->peak_pct, row->quiet_count);
    page_mark(to, scale, page_look_of(all_series[i].look), row->peak_pct, bench_row_is_firm(row), mark);
  }
  page_strip_end(to, "%s %s%.0f %%", layer->format, bench_row_is_firm(fastest) ? "" : "~", fastest->peak_pct);
}

static void add_key(const report_machine *m, const char *model, FILE *to) {
  page_key_begin(to);
  for (size_t i = 0; i < SERIES; ++i)
    for (size_t r = 0; r < m->count; ++r)
      if (is_first_of_layer(m, r) && !strcmp(m->rows[r]->model, model) && is_shown(m, &all_series[i], m->rows[r])) {
        page_key(to, page_look_of(all_series[i].look), true, all_series[i].meaning);
        break;
      }
  page_key(to, page_look_of("avx512"), false, "hollow: fewer than five quiet rounds");
  page_key_end(to);
}

static void add_model(const report_machine *m, const char *model, FILE *to) {
  const double farthest = 200; /* what lies beyond is drawn there */
  double most = 100;
  for (size_t i = 0; i < m->count; ++i)
    if (report_is_own_layer(m->rows[i]) && !strcmp(m->rows[i]->model, model))
      most = fmax(most, m->rows[i]->peak_pct);
  const page_scale scale = {
      .from = 0, .to = ceil(fmin(most, farthest) / 20) * 20, .step = 20, .emphasis = 100, .unit = " %"};
  page_add(to, "<h4>");
  page_text(to, model);
  page_add(to, "</h4>\n");
  add_key(m, model, to);
  page_strips_begin(to, &scale, 12,
                    "% of the peak of the layer's own number format and instruction set; of portable C, of "
                    "the widest one");
  for (size_t i = 0; i < m->count; ++i)
    for (size_t f = 0; report_format(f) && is_first_of_layer(m, i) && !strcmp(m->rows[i]->model, model); ++f) {
      const bench_row *row = report_layer(m, "layer", model, m->rows[i]->layer, report_format(f), "");
      if (row)
        add_layer(m, &scale, row, to);
    }
  page_strips_end(to);
}

void report_layers(const report_machine *m, FILE *to) {
  bool any = false;
  for (size_t i = 0; i < m->count; ++i) {
    if (strcmp(m->rows[i]->kind, "layer") != 0 || !report_is_first_of_model(m, i))
      continue;
    if (!any)
      page_add(to, "<h3>Layers</h3>\n<p class=\"soft\">One thread, one after the other; layers of one shape are one "
                   "line. A 3×3 at 7×7 pixels executes 82 %% of its nominal operations, since taps in the padding are "
                   "skipped: it may exceed 100 %%.</p>\n");
    any = true;
    add_model(m, m->rows[i]->model, to);
  }
}

/* ---- sweeps ------------------------------------------------------------------------------------------------------ */

/* Channels of a group, and groups, of "128>128 3x3/1 g32 56x56". */
static void read_shape(const char *shape, long *width, long *groups) {
  const char *g = strstr(shape, " g");
  *groups = g ? strtol(g + 2, NULL, 10) : 1;
  *width = *groups > 0 ? strtol(shape, NULL, 10) / *groups : 0;
}

static int ascending(const void *a, const void *b) {
  const long x = *(const long *)a, y = *(const long *)b;
  return (x > y) - (x < y);
}

/* Adds a value to a sorted set that has room. */
static size_t insert(long *set, size_t count, long value) {
  for (size_t i = 0; i < count; ++i)
    if (set[i] == value)
      return count;
  set[count++] = value;
  qsort(set, count, sizeof *set, ascending);
  return count;
}

enum {
  MOST_COLUMNS = 64
};

static void add_grid(const report_machine *m, const char *format, const char *isa, FILE *to) {
  long widths[MOST_COLUMNS], groups[MOST_COLUMNS], width, group;
  size_t width_count = 0, group_count = 0;
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (!report_is_own_layer(row) || strcmp(row->model, "sweep") != 0 || strcmp(row->format, format) != 0 ||
        strcmp(row->isa, isa) != 0 || width_count == MOST_COLUMNS || group_count == MOST_COLUMNS)
      continue;
    read_shape(row->shape, &width, &group);
    width_count = insert(widths, width_count, width);
    group_count = insert(groups, group_count, group);
  }
  if (width_count < 2 || group_count < 2)
    return;
  char headings[MOST_COLUMNS + 1][32] = {"width"};
  const char *heading[MOST_COLUMNS + 2] = {headings[0]};
  for (size_t c = 0; c < group_count; ++c) {
    snprintf(headings[c + 1], sizeof *headings, "%ld groups", groups[c]);
    heading[c + 1] = headings[c + 1];
  }
  page_add(to, "<h4>Width and cardinality, %% of peak, ");
  page_add_text(to, "%s, %s", format, isa);
  page_add(to, "</h4>\n");
  page_table_begin(to, "% of peak by width and cardinality", heading, 0);
  for (size_t w = 0; w < width_count; ++w) {
    page_row_begin(to);
    page_number(to, 0, (double)widths[w], true);
    for (size_t c = 0; c < group_count; ++c) {
      const bench_row *found = NULL;
      for (size_t i = 0; i < m->count && !found; ++i) {
        const bench_row *row = m->rows[i];
        if (!report_is_own_layer(row) || strcmp(row->model, "sweep") != 0 || strcmp(row->format, format) != 0 ||
            strcmp(row->isa, isa) != 0)
          continue;
        read_shape(row->shape, &width, &group);
        found = width == widths[w] && group == groups[c] ? row : NULL;
      }
      page_number(to, 1, found ? found->peak_pct : NAN, !found || bench_row_is_firm(found));
    }
    page_row_end(to);
  }
  page_table_end(to);
}

void report_sweep(const report_machine *m, FILE *to) {
  for (size_t f = 0; report_format(f); ++f)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      add_grid(m, report_format(f), cardinal_isa_name((cardinal_isa)isa), to);
}
