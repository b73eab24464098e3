/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "bench/table.h"
#include "tools/report_parts.h"

/* "75.4 ms, 95.0 %" of the main network with one thread; "–" where it wasn't measured. */
static void add_format(const report_machine *m, const char *model, const char *format, bench_table *t) {
  const bench_row *net = model ? report_net(m, model, format, 1, 1) : NULL;
  if (net)
    bench_table_add(t, "%s%.1f ms, %.1f %%", bench_row_is_firm(net) ? "" : BENCH_DOUBT, 1e3 * net->seconds,
                    net->peak_pct);
  else
    bench_table_add(t, "–");
}

static void print_machines(const report_data *data, FILE *to) {
  static const char *const headings[] = {"CPU",  "cores", "compiler", "network", "f32",
                                         "bf16", "int8",  "commit",   "date",    "files"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof *headings);
  for (size_t i = 0; i < data->machine_count; ++i) {
    const report_machine *m = &data->machines[i];
    const char *model = report_main_model(m);
    const bench_file *file = report_newest(m);

    bench_table_add(&t, "%s", m->name);
    bench_table_add(&t, "%s", bench_file_context(file, "all_threads"));
    bench_table_add(&t, "%s", bench_file_context(file, "compiler"));
    bench_table_add(&t, "%s", model ? model : "–");
    for (size_t f = 0; report_format(f); ++f)
      add_format(m, model, report_format(f), &t);
    bench_table_add(&t, "%s", bench_file_context(file, "commit"));
    bench_table_add(&t, "%.10s", bench_file_context(file, "started"));
    char files[512] = "";
    for (size_t f = 0; f < m->file_count; ++f) {
      const char *slash = strrchr(m->files[f]->path, '/'), *name = slash ? slash + 1 : m->files[f]->path;
      const size_t used = strlen(files);
      snprintf(files + used, sizeof files - used, "%s[%s](%s)", used ? ", " : "", name, name);
    }
    bench_table_add(&t, "%s", files);
  }
  bench_table_markdown(&t, "lrlllllllll", to);
  bench_table_close(&t);
}

static void print_nets(const report_machine *m, FILE *to) {
  static const char *const headings[] = {"network", "batch", "format", "ISA", "threads", "ms", "GFLOP/s", "% peak"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof *headings);
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (strcmp(row->kind, "net") != 0)
      continue;
    const bool firm = bench_row_is_firm(row);
    bench_table_add(&t, "%s", row->model);
    bench_table_add(&t, "%u", row->batch);
    bench_table_add(&t, "%s", row->format);
    bench_table_add(&t, "%s", row->isa);
    bench_table_add(&t, "%u", row->threads);
    bench_table_figure(&t, "%.2f", 1e3 * row->seconds, firm);
    bench_table_figure(&t, "%.1f", row->gflops, firm);
    bench_table_figure(&t, "%.1f", row->peak_pct, firm);
  }
  if (t.cells > t.columns) {
    fputs("\nWhole networks:\n\n", to);
    bench_table_markdown(&t, "lrllrrrr", to);
  }
  bench_table_close(&t);
}

static void print_layers(const report_machine *m, FILE *to) {
  static const char *const headings[] = {"network", "layer",   "shape",  "kernel", "format",
                                         "ms",      "GFLOP/s", "% peak", "× naive"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof *headings);
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (!report_is_own_layer(row) || report_layer(m, "layer", row->model, row->layer, row->format, "") != row)
      continue;
    const bool firm = bench_row_is_firm(row);
    const size_t alike = report_alike(m, row);
    bench_table_add(&t, "%s", row->model);
    if (alike > 1)
      bench_table_add(&t, "%s (%zu alike)", row->layer, alike);
    else
      bench_table_add(&t, "%s", row->layer);
    bench_table_add(&t, "%s", row->shape);
    bench_table_add(&t, "%s", row->kernel);
    bench_table_add(&t, "%s", row->format);
    bench_table_figure(&t, "%.3f", 1e3 * row->seconds, firm);
    bench_table_figure(&t, "%.1f", row->gflops, firm);
    bench_table_figure(&t, "%.1f", row->peak_pct, firm);
    bench_table_figure(&t, "%.1f", row->x_naive, row->x_naive_firm);
  }
  if (t.cells > t.columns) {
    fputs("\nLayers by their fastest kernel, one thread:\n\n", to);
    bench_table_markdown(&t, "lllllrrrr", to);
  }
  bench_table_close(&t);
}

static void print_peers(const report_machine *m, FILE *to) {
  static const char *const headings[] = {"network", "format", "batch", "threads", "library",
                                         "ms",      "× ours", "min",   "max"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof *headings);
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (strcmp(row->kind, "peer_network") != 0)
      continue;
    const bool firm = bench_row_is_firm(row);
    bench_table_add(&t, "%s", row->model);
    bench_table_add(&t, "%s", row->format);
    bench_table_add(&t, "%u", row->batch);
    bench_table_add(&t, "%u", row->threads);
    bench_table_add(&t, "%s %s", row->peer, row->peer_version);
    bench_table_figure(&t, "%.2f", 1e3 * row->seconds, firm);
    bench_table_figure(&t, "%.2f", row->x_ours, firm);
    bench_table_figure(&t, "%.2f", row->x_ours_min, true);
    bench_table_figure(&t, "%.2f", row->x_ours_max, true);
  }
  if (t.cells > t.columns) {
    fputs("\nBeside other libraries:\n\n", to);
    bench_table_markdown(&t, "llrrlrrrr", to);
  }
  bench_table_close(&t);
}

void report_markdown(const report_data *data, FILE *to) {
  print_machines(data, to);
  for (size_t i = 0; i < data->machine_count; ++i) {
    const report_machine *m = &data->machines[i];
    if (data->machine_count > 1)
      fprintf(to, "\n## %s\n", m->name);
    print_nets(m, to);
    print_layers(m, to);
    print_peers(m, to);
  }
}
