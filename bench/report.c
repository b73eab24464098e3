/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/report.h"

#include "bench/table.h"

void bench_report_line(const bench_entry *e, FILE *file) {
  const bench_result *r = &e->result;
  const cardinal_measurement *m = &r->measured;
  if (!r->done)
    fprintf(file, "FAILED: %s\n", r->error[0] ? r->error : "no result");
  else if (r->bytes > 0)
    fprintf(file, "%8.1f GB/s\n", 1e-9 * r->bytes / m->seconds);
  else if (e->kind == BENCH_FMA || e->kind == BENCH_CANARY)
    fprintf(file, "%8.1f GFLOP/s  %5.1f %% of peak\n", m->gflops, m->peak_pct);
  else
    fprintf(file, "%9.3f ms  %8.1f GFLOP/s  %5.1f %% of peak%s  %s\n", 1e3 * m->seconds, m->gflops, m->peak_pct,
            m->quiet_rounds ? "" : " (no quiet round)", r->label);
}

double bench_times_naive(const bench_suite *s, const bench_entry *e) {
  if (e->kind != BENCH_LAYER && e->kind != BENCH_PLAIN)
    return 0;
  const bench_result *naive = bench_suite_layer_result(s, BENCH_NAIVE, e->layer, e->isa, 1);
  return naive && e->result.done ? naive->measured.seconds / e->result.measured.seconds : 0;
}

/* "78.1", or "~78.1" if no round was quiet */
static void add_percent(bench_table *t, const cardinal_measurement *m) {
  bench_table_add(t, "%s%.1f", m->quiet_rounds ? "" : "~", m->peak_pct);
}

static void add_headings(bench_table *t, const char *const *headings) {
  for (size_t i = 0; i < t->columns; ++i)
    bench_table_add(t, "%s", headings[i]);
}

static size_t layers_alike(const bench_suite *s, const bench_model *model, size_t layer) {
  size_t count = 0;
  for (size_t i = model->first_layer; i < model->end_layer; ++i)
    count += s->layers[i].problem == s->layers[layer].problem;
  return count;
}

static void print_layers(const bench_suite *s, size_t model, cardinal_isa isa, unsigned threads, FILE *file) {
  static const char *const headings[] = {"layer", "shape", "kernel", "ms", "GFLOP/s", "% peak", "x naive"};
  bench_table t;
  bench_table_open(&t, sizeof headings / sizeof headings[0]);
  add_headings(&t, headings);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    if (e->kind != BENCH_LAYER || e->model != model || e->isa != isa || e->threads != threads || !e->result.done ||
        bench_suite_first_alike(s, model, e->layer) != e->layer)
      continue;
    const cardinal_measurement *m = &e->result.measured;
    const size_t alike = layers_alike(s, &s->models[model], e->layer);
    const double times = bench_times_naive(s, e);
    char shape[BENCH_CELL];
    bench_problem_describe(&s->problems[s->layers[e->layer].problem], shape, sizeof shape);
    if (alike > 1)
      bench_table_add(&t, "%s (%zu alike)", s->layers[e->layer].name, alike);
    else
      bench_table_add(&t, "%s", s->layers[e->layer].name);
    bench_table_add(&t, "%s", shape);
    bench_table_add(&t, "%s", e->result.kernel);
    bench_table_add(&t, "%.3f", 1e3 * m->seconds);
    bench_table_add(&t, "%.1f", m->gflops);
    add_percent(&t, m);
    if (times > 0)
      bench_table_add(&t, "%.1f", times);
    else
      bench_table_add(&t, "-");
  }
  if (t.cells > t.columns) {
    fprintf(file, "\nLayers of %s, %s, %u thread%s\n\n", s->models[model].spec.name, cardinal_isa_name(isa), threads,
            threads == 1 ? "" : "s");
    bench_table_print(&t, "lllrrrr", file);
  }
  bench_table_close(&t);
}

/* One step from naive to hand-written: all convolutions of a network, one after the other. */
typedef struct step {
  bench_kind kind;
  cardinal_isa isa;
  const char *what, *detail;
} step;

/* Seconds and operations of all convolutions; false if one wasn't measured. */
static bool sum_layers(const bench_suite *s, const bench_model *model, const step *one, double *seconds,
                       double *flops) {
  *seconds = *flops = 0;
  for (size_t layer = model->first_layer; layer < model->end_layer; ++layer) {
    const bench_problem *p = &s->problems[s->layers[layer].problem];
    if (!p->is_conv)
      continue;
    const bench_result *r = bench_suite_layer_result(s, one->kind, layer, one->isa, 1);
    if (!r)
      return false;
    *seconds += r->measured.seconds;
    *flops += p->flops;
  }
  return *seconds > 0;
}

static void add_step(const bench_suite *s, const bench_model *model, const step *one, bench_table *t) {
  const step naive = {.kind = BENCH_NAIVE};
  double seconds, flops, naive_seconds, naive_flops;
  if (!sum_layers(s, model, one, &seconds, &flops))
    return;
  bench_table_add(t, "%s", one->what);
  bench_table_add(t, "%s", one->detail);
  bench_table_add(t, "%.1f", 1e3 * seconds);
  bench_table_add(t, "%.1f", 1e-9 * flops / seconds);
  if (sum_layers(s, model, &naive, &naive_seconds, &naive_flops))
    bench_table_add(t, "%.1f", naive_seconds / seconds);
  else
    bench_table_add(t, "-");
}

static void print_steps(const bench_suite *s, size_t model, FILE *file) {
  static const char *const headings[] = {"all convolutions, one after the other", "built for", "ms", "GFLOP/s",
                                         "x naive"};
  bench_table t;
  bench_table_open(&t, sizeof headings / sizeof headings[0]);
  add_headings(&t, headings);
  add_step(s, &s->models[model], &(step){BENCH_NAIVE, CARDINAL_ISA_GENERIC, "naive loops", "the faster of both"}, &t);
  add_step(s, &s->models[model], &(step){BENCH_LAYER, CARDINAL_ISA_GENERIC, "portable kernels", "any CPU"}, &t);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (bench_twin_flags((cardinal_isa)isa))
      add_step(s, &s->models[model],
               &(step){BENCH_PLAIN, (cardinal_isa)isa, "portable kernels", bench_twin_flags((cardinal_isa)isa)}, &t);
  for (int isa = CARDINAL_ISA_GENERIC + 1; isa < CARDINAL_ISA_COUNT; ++isa)
    add_step(s, &s->models[model],
             &(step){BENCH_LAYER, (cardinal_isa)isa, "hand-written kernels", cardinal_isa_name((cardinal_isa)isa)}, &t);
  if (t.cells > t.columns) {
    fprintf(file, "\n%s, batch 1, one thread\n\n", s->models[model].spec.name);
    bench_table_print(&t, "llrrr", file);
  }
  bench_table_close(&t);
}

static void print_nets(const bench_suite *s, FILE *file) {
  static const char *const headings[] = {"network", "batch", "ISA", "threads", "ms", "GFLOP/s", "% peak"};
  bench_table t;
  bench_table_open(&t, sizeof headings / sizeof headings[0]);
  add_headings(&t, headings);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    if (e->kind != BENCH_NET || !e->result.done)
      continue;
    bench_table_add(&t, "%s", s->models[e->model].spec.name);
    bench_table_add(&t, "%zu", e->batch);
    bench_table_add(&t, "%s", cardinal_isa_name(e->isa));
    bench_table_add(&t, "%u", e->threads);
    bench_table_add(&t, "%.1f", 1e3 * e->result.measured.seconds);
    bench_table_add(&t, "%.1f", e->result.measured.gflops);
    add_percent(&t, &e->result.measured);
  }
  if (t.cells > t.columns) {
    fprintf(file, "\nWhole networks\n\n");
    bench_table_print(&t, "lrlrrrr", file);
  }
  bench_table_close(&t);
}

static void print_peaks(const bench_suite *s, FILE *file) {
  static const char *const headings[] = {"peak", "threads", "rate", ""};
  bench_table t;
  bench_table_open(&t, sizeof headings / sizeof headings[0]);
  add_headings(&t, headings);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    const cardinal_measurement *m = &e->result.measured;
    if (!e->result.done || (e->kind != BENCH_FMA && e->kind != BENCH_CANARY && e->kind != BENCH_COPY))
      continue;
    if (e->kind == BENCH_COPY)
      bench_table_add(&t, "copy %s", bench_level_name(e->level));
    else
      bench_table_add(&t, "%s %s", e->kind == BENCH_FMA ? "FMA" : "canary", cardinal_isa_name(e->isa));
    bench_table_add(&t, "%u", e->threads);
    bench_table_add(&t, "%.1f",
                    e->kind == BENCH_FMA    ? m->peak
                    : e->kind == BENCH_COPY ? 1e-9 * e->result.bytes / m->seconds
                                            : m->gflops);
    bench_table_add(&t, "%s", e->kind == BENCH_COPY ? "GB/s" : "GFLOP/s");
  }
  if (t.cells > t.columns) {
    fprintf(file, "\n%s; %s\n\n", s->machine.cpu, s->machine.caches);
    bench_table_print(&t, "lrrl", file);
  }
  bench_table_close(&t);
}

/* Rounds of all measurements, and how many were quiet. */
static void print_notes(const bench_suite *s, FILE *file) {
  size_t rounds = 0, quiet = 0, failed = 0, none_quiet = 0, done = 0;
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    failed += e->selected && e->result.error[0];
    if (!e->result.done)
      continue;
    ++done;
    rounds += e->result.measured.rounds;
    quiet += e->result.measured.quiet_rounds;
    none_quiet += e->result.measured.quiet_rounds == 0;
  }
  if (done > 0)
    fprintf(file,
            "\nMedians over quiet rounds, those whose canary reached %.0f %% of the FMA peak: %zu of %zu rounds.\n"
            "%% peak is of the FMA peak with as many threads; the portable kernels' is that of the widest ISA here.\n",
            100 * CARDINAL_QUIET_SHARE, quiet, rounds);
  if (none_quiet > 0)
    fprintf(file, "~ or \"no quiet round\": %zu of %zu results are medians over disturbed rounds.\n", none_quiet, done);
  if (failed > 0)
    fprintf(file, "\n%zu benchmarks FAILED; see above.\n", failed);
}

void bench_report_tables(const bench_suite *s, FILE *file) {
  unsigned threads[2] = {1, s->all_threads};
  print_peaks(s, file);
  for (size_t model = 0; model < s->model_count; ++model) {
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      for (size_t t = 0; t < (s->all_threads > 1 ? 2u : 1u); ++t)
        print_layers(s, model, (cardinal_isa)isa, threads[t], file);
    print_steps(s, model, file);
  }
  print_nets(s, file);
  print_notes(s, file);
}
