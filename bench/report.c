/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/report.h"

#include "bench/cpu_name.h"
#include "bench/report_cases.h"
#include "bench/table.h"

static const char *mark(bool firm) {
  return firm ? "" : BENCH_DOUBT;
}

void bench_report_line(const bench_entry *e, FILE *file) {
  const bench_result *r = &e->result;
  const cardinal_measurement *m = &r->measured;
  if (!r->done) {
    fprintf(file, "FAILED: %s\n", r->error[0] ? r->error : "no result");
    return;
  }
  const char *doubt = mark(cardinal_measurement_is_firm(m));
  if (e->kind == BENCH_COPY)
    fprintf(file, "%s%.1f GB/s\n", doubt, 1e-9 * r->bytes / m->seconds);
  else if (e->kind == BENCH_FMA || e->kind == BENCH_CANARY)
    fprintf(file, "%s%.1f GFLOP/s, %.1f %% of peak\n", doubt, m->gflops, m->peak_pct);
  else
    fprintf(file, "%s%.3f ms, %.1f GFLOP/s, %.1f %% of peak, %s\n", doubt, 1e3 * m->seconds, m->gflops, m->peak_pct,
            r->label);
}

static size_t layers_alike(const bench_suite *s, const bench_model *model, size_t layer) {
  size_t count = 0;
  for (size_t i = model->first_layer; i < model->end_layer; ++i)
    count += s->layers[i].problem == s->layers[layer].problem;
  return count;
}

static void print_layers(const bench_suite *s, size_t model, cardinal_isa isa, unsigned threads, FILE *file) {
  static const char *const headings[] = {"layer", "shape", "kernel", "format", "ms", "GFLOP/s", "% peak", "x naive"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof headings[0]);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    if (e->kind != BENCH_LAYER || e->model != model || e->isa != isa || e->threads != threads || !e->result.done ||
        bench_suite_first_alike(s, model, e->layer) != e->layer)
      continue;
    const cardinal_measurement *m = &e->result.measured;
    const size_t alike = layers_alike(s, &s->models[model], e->layer);
    const bool firm = cardinal_measurement_is_firm(m);
    bool times_firm = false;
    const double times = bench_times_naive(s, e, &times_firm);
    char shape[96];
    bench_problem_describe(&s->problems[s->layers[e->layer].problem], shape, sizeof shape);
    if (alike > 1)
      bench_table_add(&t, "%s (%zu alike)", s->layers[e->layer].name, alike);
    else
      bench_table_add(&t, "%s", s->layers[e->layer].name);
    bench_table_add(&t, "%s", shape);
    bench_table_add(&t, "%s", e->result.kernel);
    bench_table_add(&t, "%s", cardinal_format_name(e->format));
    bench_table_figure(&t, "%.3f", 1e3 * m->seconds, firm);
    bench_table_figure(&t, "%.1f", m->gflops, firm);
    bench_table_figure(&t, "%.1f", m->peak_pct, firm);
    bench_table_figure(&t, "%.1f", times, times_firm);
  }
  if (t.cells > t.columns) {
    fprintf(file, "\nLayers of %s, %s, %u thread%s\n\n", s->models[model].spec.name, cardinal_isa_name(isa), threads,
            threads == 1 ? "" : "s");
    bench_table_print(&t, "llllrrrr", file);
  }
  bench_table_close(&t);
}

/* One step from naive to hand-written: all convolutions of a network, one after the other. */
typedef struct step {
  bench_kind kind;
  cardinal_isa isa;
  const char *what, *detail;
} step;

typedef struct total {
  double seconds, flops;
  bool firm; /* each of them */
} total;

/* All convolutions; 0 seconds if one wasn't measured. */
static total sum_layers(const bench_suite *s, const bench_model *model, const step *one) {
  total sum = {.firm = true};
  for (size_t layer = model->first_layer; layer < model->end_layer; ++layer) {
    const bench_problem *p = &s->problems[s->layers[layer].problem];
    if (!p->is_conv)
      continue;
    const bench_entry *e = bench_suite_layer_entry(s, one->kind, layer, one->isa, 1);
    if (!e)
      return (total){.seconds = 0};
    sum.seconds += e->result.measured.seconds;
    sum.flops += p->flops;
    sum.firm = sum.firm && cardinal_measurement_is_firm(&e->result.measured);
  }
  return sum;
}

static void add_step(const bench_suite *s, const bench_model *model, const step *one, bench_table *t) {
  const step naive_step = {.kind = BENCH_NAIVE};
  const total sum = sum_layers(s, model, one), naive = sum_layers(s, model, &naive_step);
  if (sum.seconds <= 0)
    return;
  bench_table_add(t, "%s", one->what);
  bench_table_add(t, "%s", one->detail);
  bench_table_figure(t, "%.1f", 1e3 * sum.seconds, sum.firm);
  bench_table_figure(t, "%.1f", 1e-9 * sum.flops / sum.seconds, sum.firm);
  bench_table_figure(t, "%.1f", naive.seconds / sum.seconds, sum.firm && naive.firm);
}

static void print_steps(const bench_suite *s, size_t model, FILE *file) {
  static const char *const headings[] = {"all convolutions, one after the other", "built for", "ms", "GFLOP/s",
                                         "x naive"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof headings[0]);
  add_step(s, &s->models[model],
           &(step){BENCH_NAIVE, CARDINAL_ISA_GENERIC, "naive loops", "each layer's fastest build"}, &t);
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
  static const char *const headings[] = {"network", "batch", "format", "ISA", "threads", "ms", "GFLOP/s", "% peak"};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof headings[0]);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    if (e->kind != BENCH_NET || !e->result.done)
      continue;
    bench_table_add(&t, "%s", s->models[e->model].spec.name);
    bench_table_add(&t, "%zu", e->batch);
    bench_table_add(&t, "%s", cardinal_format_name(e->format));
    bench_table_add(&t, "%s", cardinal_isa_name(e->isa));
    bench_table_add(&t, "%u", e->threads);
    const cardinal_measurement *m = &e->result.measured;
    const bool firm = cardinal_measurement_is_firm(m);
    bench_table_figure(&t, "%.1f", 1e3 * m->seconds, firm);
    bench_table_figure(&t, "%.1f", m->gflops, firm);
    bench_table_figure(&t, "%.1f", m->peak_pct, firm);
  }
  if (t.cells > t.columns) {
    fprintf(file, "\nWhole networks\n\n");
    bench_table_print(&t, "lrllrrrr", file);
  }
  bench_table_close(&t);
}

static void print_peaks(const bench_suite *s, FILE *file) {
  static const char *const headings[] = {"peak", "threads", "rate", ""};
  bench_table t;
  bench_table_headed(&t, headings, sizeof headings / sizeof headings[0]);
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    const cardinal_measurement *m = &e->result.measured;
    if (!e->result.done || (e->kind != BENCH_FMA && e->kind != BENCH_CANARY && e->kind != BENCH_COPY))
      continue;
    if (e->kind == BENCH_COPY)
      bench_table_add(&t, "copy %s", bench_level_name(e->level));
    else
      bench_table_add(&t, "%s %s",
                      e->kind == BENCH_CANARY            ? "canary"
                      : e->format == CARDINAL_FORMAT_F32 ? "FMA"
                                                         : cardinal_format_name(e->format),
                      cardinal_isa_name(e->isa));
    bench_table_add(&t, "%u", e->threads);
    const double rate = e->kind == BENCH_FMA    ? m->peak
                        : e->kind == BENCH_COPY ? 1e-9 * e->result.bytes / m->seconds
                                                : m->gflops;
    bench_table_figure(&t, "%.1f", rate, e->kind == BENCH_FMA || cardinal_measurement_is_firm(m));
    bench_table_add(&t, "%s", e->kind == BENCH_COPY ? "GB/s" : "GFLOP/s");
  }
  if (t.cells > t.columns) {
    char cpu[192];
    bench_cpu_name(s->machine.cpu, s->machine.cpu_id, cpu, sizeof cpu);
    fprintf(file, "\n%s; %s\n\n", cpu, s->machine.caches);
    bench_table_print(&t, "lrrl", file);
  }
  bench_table_close(&t);
}

/* Rounds of all measurements, and how many were quiet. */
static void print_notes(const bench_suite *s, FILE *file) {
  size_t rounds = 0, quiet = 0, failed = 0, doubtful = 0, done = 0;
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    failed += e->selected && e->result.error[0];
    if (!e->result.done || e->result.copied)
      continue;
    ++done;
    rounds += e->result.measured.rounds;
    quiet += e->result.measured.quiet_rounds;
    doubtful += !cardinal_measurement_is_firm(&e->result.measured);
  }
  if (done > 0)
    fprintf(file,
            "\nMedians over quiet rounds, those whose canaries reached %.0f %% of the FMA peak: %zu of %zu rounds.\n"
            "%% peak is of the peak of the format with as many threads in the whole run; that of portable code is the "
            "widest\n"
            "ISA's. Where wide vectors lower the clock, GFLOP/s tell which ISA is faster, %% peak doesn't.\n",
            100 * CARDINAL_QUIET_SHARE, quiet, rounds);
  if (doubtful > 0)
    fprintf(file, "~ marks medians of fewer than %d quiet rounds (of all, where none was quiet): %zu of %zu results.\n",
            CARDINAL_FIRM_ROUNDS, doubtful, done);
  if (failed > 0)
    fprintf(file, "\n%zu benchmarks FAILED; see above.\n", failed);
}

void bench_report_tables(const bench_suite *s, FILE *file) {
  unsigned threads[2] = {1, s->all_threads};
  print_peaks(s, file);
  for (size_t model = 0; model < s->model_count; ++model) {
    if (s->models[model].cases == BENCH_SWEPT)
      bench_report_sweep(s, model, file);
    else if (s->models[model].cases == BENCH_GIVEN)
      bench_report_cases(s, model, file);
    if (s->models[model].cases != BENCH_NETWORK)
      continue;
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      for (size_t t = 0; t < (s->all_threads > 1 ? 2u : 1u); ++t)
        print_layers(s, model, (cardinal_isa)isa, threads[t], file);
    print_steps(s, model, file);
  }
  print_nets(s, file);
  print_notes(s, file);
}
