/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of a sweep: a line for each problem, and where groups are what changes, width against cardinality. */
#include <string.h>

#include "bench/report_cases.h"
#include "bench/table.h"

/* What one instruction set made of a sweep, with one thread. */
typedef struct swept {
  const bench_suite *suite;
  const bench_model *model;
  cardinal_isa isa;
} swept;

static const bench_entry *entry_of(const swept *of, size_t layer) {
  return bench_suite_layer_entry(of->suite, BENCH_LAYER, layer, of->isa, 1);
}

static const bench_problem *problem_of(const swept *of, size_t layer) {
  return &of->suite->problems[of->suite->layers[layer].problem];
}

static void print_lines(const swept *of, FILE *file) {
  static const char *const headings[] = {"shape", "kernel", "format", "ms", "GFLOP/s", "% peak", "x naive"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof headings[0]);
  for (size_t layer = of->model->first_layer; layer < of->model->end_layer; ++layer) {
    const bench_entry *e = entry_of(of, layer);
    if (!e)
      continue;
    const cardinal_measurement *m = &e->result.measured;
    const bool firm = cardinal_measurement_is_firm(m);
    bool times_firm = false;
    const double times = bench_times_naive(of->suite, e, &times_firm);
    char shape[96];
    bench_problem_describe(problem_of(of, layer), shape, sizeof shape);
    bench_table_add(&t, "%s", shape);
    bench_table_add(&t, "%s", e->result.kernel);
    bench_table_add(&t, "%s", cardinal_format_name(e->format));
    bench_table_figure(&t, "%.3f", 1e3 * m->seconds, firm);
    bench_table_figure(&t, "%.1f", m->gflops, firm);
    bench_table_figure(&t, "%.1f", m->peak_pct, firm);
    bench_table_figure(&t, "%.1f", times, times_firm);
  }
  if (t.cells > t.columns) {
    fprintf(file, "\n%s, %s, 1 thread\n\n", of->model->spec.name, cardinal_isa_name(of->isa));
    bench_table_print(&t, "lllrrrr", file);
  }
  bench_table_close(&t);
}

static int64_t width_of(const bench_problem *p) {
  return p->conv.in_channels / p->conv.groups;
}

/* Whether two problems are the same but for their groups and channels, with as many outputs as inputs. */
static bool only_groups_differ(const bench_problem *a, const bench_problem *b) {
  if (!a->is_conv || !b->is_conv)
    return false;
  cardinal_conv_desc other = b->conv;
  other.groups = a->conv.groups;
  other.in_channels = a->conv.in_channels;
  other.out_channels = a->conv.out_channels;
  return memcmp(&other, &a->conv, sizeof other) == 0 && a->in_channels == a->out_channels &&
         b->in_channels == b->out_channels;
}

/* The first problem that was measured with as many channels a group (or as many groups) as this one has. */
static bool is_first(const swept *of, size_t layer, bool by_width) {
  const bench_problem *p = problem_of(of, layer);
  for (size_t i = of->model->first_layer; i < layer; ++i) {
    const bench_problem *q = problem_of(of, i);
    if (entry_of(of, i) && (by_width ? width_of(q) == width_of(p) : q->conv.groups == p->conv.groups))
      return false;
  }
  return entry_of(of, layer) != NULL;
}

static void add_cell(const swept *of, int64_t width, int64_t groups, bench_table *t) {
  for (size_t layer = of->model->first_layer; layer < of->model->end_layer; ++layer) {
    const bench_problem *p = problem_of(of, layer);
    const bench_entry *e = entry_of(of, layer);
    if (!e || width_of(p) != width || p->conv.groups != groups)
      continue;
    bench_table_figure(t, "%.1f", e->result.measured.peak_pct, cardinal_measurement_is_firm(&e->result.measured));
    return;
  }
  bench_table_add(t, "-");
}

static void print_grid(const swept *of, FILE *file) {
  const size_t first = of->model->first_layer, end = of->model->end_layer;
  size_t columns = 1, rows = 0;
  for (size_t layer = first; layer < end; ++layer) {
    if (!only_groups_differ(problem_of(of, first), problem_of(of, layer)))
      return;
    columns += is_first(of, layer, false);
    rows += is_first(of, layer, true);
  }
  if (columns < 3 || rows < 2)
    return;
  bench_table t;
  char alignment[GAUNTLET_SWEEP_MOST + 2];
  memset(alignment, 'r', columns);
  bench_table_open(&t, columns);
  bench_table_add(&t, "width");
  for (size_t layer = first; layer < end; ++layer)
    if (is_first(of, layer, false))
      bench_table_add(&t, "g%lld", (long long)problem_of(of, layer)->conv.groups);
  for (size_t row = first; row < end; ++row) {
    if (!is_first(of, row, true))
      continue;
    const int64_t width = width_of(problem_of(of, row));
    bench_table_add(&t, "%lld", (long long)width);
    for (size_t layer = first; layer < end; ++layer)
      if (is_first(of, layer, false))
        add_cell(of, width, problem_of(of, layer)->conv.groups, &t);
  }
  fprintf(file, "\n%% peak by width and cardinality, %s, 1 thread\n\n", cardinal_isa_name(of->isa));
  bench_table_print(&t, alignment, file);
  bench_table_close(&t);
}

void bench_report_sweep(const bench_suite *s, size_t model, FILE *file) {
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    const swept of = {s, &s->models[model], (cardinal_isa)isa};
    print_lines(&of, file);
    print_grid(&of, file);
  }
}
