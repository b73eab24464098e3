/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "tools/page.h"
#include "tools/report_parts.h"

/* ---- every result ------------------------------------------------------------------------------------------------ */

/* What a row is called beside its model: a layer, a batch, a level of memory. */
static void add_what(const bench_row *row, FILE *to) {
  char text[64];
  if (row->layer[0] || row->level[0]) {
    page_cell(to, row->layer[0] ? row->layer : row->level);
    return;
  }
  snprintf(text, sizeof text, "batch %u", row->batch);
  page_cell(to, strcmp(row->kind, "net") ? "" : text);
}

static void add_result(const bench_row *row, FILE *to) {
  const bool firm = bench_row_is_firm(row);
  page_row_begin(to);
  page_cell(to, row->kind);
  page_cell(to, row->model);
  add_what(row, to);
  page_cell(to, row->shape);
  page_cell(to, row->format);
  page_cell(to, row->isa);
  page_cell(to, row->kernel);
  page_number(to, 0, row->threads, true);
  page_number(to, 4, 1e3 * row->seconds, firm);
  page_number(to, 1, row->gflops, firm);
  page_number(to, 1, row->peak_pct, firm);
  page_number(to, 1, row->x_naive, row->x_naive_firm);
  page_number(to, 1, 1e-9 * row->bytes_per_second, firm);
  page_number(to, 0, (double)row->quiet_count, true);
  page_row_end(to);
}

void report_all_results(const report_machine *m, FILE *to) {
  static const char *const headings[] = {"kind",   "network", "what",    "shape",        "format",
                                         "ISA",    "kernel",  "threads", "ms",           "GFLOP/s",
                                         "% peak", "× naive", "GB/s",    "quiet rounds", NULL};
  page_add(to, "<details><summary>All results</summary>\n<p class=\"soft\">Medians over quiet rounds; ~ marks those of "
               "fewer than five. Layers of a shape that was measured already are left out.</p>\n");
  page_table_begin(to, "All results", headings, 7);
  for (size_t i = 0; i < m->count; ++i)
    if (!m->rows[i]->measured_as[0] && strncmp(m->rows[i]->kind, "peer_", strlen("peer_")) != 0)
      add_result(m->rows[i], to);
  page_table_end(to);
  page_add(to, "</details>\n");
}

/* ---- where it comes from ----------------------------------------------------------------------------------------- */

static void add_fact(const bench_file *file, const char *key, const char *meaning, FILE *to) {
  const char *fact = bench_file_context(file, key);
  if (!*fact)
    return;
  page_add(to, "<dt>%s</dt><dd>", meaning);
  page_text(to, fact);
  page_add(to, "</dd>\n");
}

static void add_file(const bench_file *file, FILE *to) {
  static const char *const facts[][2] = {
      {"cpu", "CPU"},
      {"cpu_id", "vendor, family/model/stepping"},
      {"cache_sizes", "caches"},
      {"commit", "commit"},
      {"started", "started"},
      {"compiler", "compiler"},
      {"compiler_flags", "flags"},
      {"library_build_type", "build"},
      {"governor", "governor"},
      {"affinity", "CPUs allowed"},
      {"all_threads", "all threads"},
      {"caches_are", "caches are"},
      {"cardinal_version", "Cardinal"},
  };
  size_t rounds = 0, quiet = 0, failed = 0;
  const char *path = strrchr(file->path, '/');
  page_add(to, "<h4>");
  page_text(to, path ? path + 1 : file->path);
  page_add(to, "</h4>\n<dl>\n");
  for (size_t i = 0; i < sizeof facts / sizeof *facts; ++i)
    add_fact(file, facts[i][0], facts[i][1], to);
  for (size_t i = 0; i < file->count; ++i) {
    rounds += file->rows[i].round_count;
    quiet += file->rows[i].rounds ? file->rows[i].quiet_count : 0;
    failed += file->rows[i].error[0] != '\0';
  }
  if (rounds)
    page_add(to, "<dt>rounds</dt><dd>%zu, of them %zu quiet</dd>\n", rounds, quiet);
  else
    page_add(to, "<dt>rounds</dt><dd>not kept in this file</dd>\n");
  if (failed)
    page_add(to, "<dt>failed</dt><dd>%zu benchmarks, which are left out</dd>\n", failed);
  page_add(to, "</dl>\n");
}

void report_provenance(const report_data *data, FILE *to) {
  page_add(to, "<h2 id=\"provenance\">Where the figures come from</h2>\n<p>Every figure is a median over quiet rounds, "
               "those whose canaries reached 95 %% of the peak that was measured in the same run; each value of each "
               "output was checked before its time counted. Percentages are of the peak of the number format and "
               "instruction set; where wide vectors lower the clock, compare instruction sets by GFLOP/s.</p>\n");
  for (size_t i = 0; i < data->file_count; ++i)
    add_file(&data->files[i], to);
}
