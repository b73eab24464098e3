/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/report_cases.h"

#include "bench/table.h"

/* Who computed it. */
static void add_author(const bench_entry *e, bench_table *t) {
  switch (e->kind) {
  case BENCH_NAIVE:
    bench_table_add(t, "naive loops");
    break;
  case BENCH_PLAIN:
    bench_table_add(t, "portable kernels for %s", cardinal_isa_name(e->isa));
    break;
  case BENCH_FOREIGN:
    bench_table_add(t, "plug-in");
    break;
  default:
    bench_table_add(t, "cardinal, %s", cardinal_isa_name(e->isa));
  }
}

static void print_case(const bench_suite *s, size_t layer, unsigned threads, FILE *file) {
  static const char *const headings[] = {"by", "kernel", "format", "ms", "GFLOP/s", "% peak", "x naive"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof headings[0]);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    const bool of_layer =
        e->kind == BENCH_NAIVE || e->kind == BENCH_PLAIN || e->kind == BENCH_LAYER || e->kind == BENCH_FOREIGN;
    if (!of_layer || e->layer != layer || e->threads != threads || !e->result.done)
      continue;
    const cardinal_measurement *m = &e->result.measured;
    const bool firm = cardinal_measurement_is_firm(m);
    bool times_firm = false;
    const double times = bench_times_naive(s, e, &times_firm);
    add_author(e, &t);
    bench_table_add(&t, "%s", e->result.label[0] ? e->result.label : e->result.kernel);
    bench_table_add(&t, "%s", cardinal_format_name(e->format));
    bench_table_figure(&t, "%.3f", 1e3 * m->seconds, firm);
    bench_table_figure(&t, "%.1f", m->gflops, firm);
    bench_table_figure(&t, "%.1f", m->peak_pct, firm);
    bench_table_figure(&t, "%.1f", times, times_firm);
  }
  if (t.cells > t.columns) {
    fprintf(file, "\n%s, %u thread%s\n\n", s->layers[layer].name, threads, threads == 1 ? "" : "s");
    bench_table_print(&t, "lllrrrr", file);
  }
  bench_table_close(&t);
}

void bench_report_cases(const bench_suite *s, size_t model, FILE *file) {
  for (size_t layer = s->models[model].first_layer; layer < s->models[model].end_layer; ++layer) {
    print_case(s, layer, 1, file);
    if (s->all_threads > 1)
      print_case(s, layer, s->all_threads, file);
  }
}
