/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/results.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/members.h"
#include "bench/provenance.h"
#include "bench/report.h"
#include "bench/shim.h"

static bench_unit unit_of(const bench_suite *s, const bench_entry *e) {
  if (s->options->unit_given)
    return s->options->unit;
  const bool short_one = e->kind == BENCH_FMA || e->kind == BENCH_CANARY || e->kind == BENCH_COPY;
  return short_one ? BENCH_NANOSECONDS : BENCH_MICROSECONDS;
}

static double units_a_second(bench_unit unit) {
  static const double units[] = {1e9, 1e6, 1e3, 1};
  return units[unit];
}

static void add_counter(bench_shim_run *run, const char *name, double value) {
  run->counters[run->counter_count++] = (bench_counter){name, value};
}

static void describe_run(const bench_suite *s, const bench_entry *e, size_t repetition, bench_shim_run *run) {
  *run = (bench_shim_run){.error = NULL};
  if (!e->result.done) {
    run->error = e->result.error[0] ? e->result.error : "no result";
    return;
  }
  cardinal_measurement m;
  const bench_entry *measured = e->result.copied ? e->result.copied : e;
  if (!bench_repetition(measured, repetition, &m)) {
    run->error = "no memory for the rounds";
    return;
  }
  run->seconds = m.seconds;
  run->cpu_seconds = m.cpu_seconds;
  run->iterations = m.runs;
  if (e->kind == BENCH_COPY) {
    add_counter(run, "bytes_per_second", e->result.bytes / m.seconds);
  } else {
    add_counter(run, "gflops", m.gflops);
    add_counter(run, "peak_pct", m.peak_pct);
    add_counter(run, "canary_pct", m.canary_pct);
    add_counter(run, "peak_gflops", m.peak);
  }
  add_counter(run, "rounds", (double)m.rounds);
  add_counter(run, "quiet_rounds", (double)m.quiet_rounds);
  add_counter(run, "spread_pct", m.spread_pct);
  bool firm;
  const double times_naive = bench_times_naive(s, e, &firm);
  if (times_naive > 0)
    add_counter(run, "x_naive", times_naive);
  run->members = bench_members(s, e, repetition, units_a_second(unit_of(s, e)));
  if (!run->members)
    run->error = "no memory for the rounds";
}

bool bench_results_write(const bench_suite *s, int argc, char **argv, char **text, size_t *size) {
  const size_t repetitions = s->options->repetitions;
  bench_shim_run *runs = bench_memory(s->entry_count * repetitions * sizeof *runs);
  size_t count = 0;
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    if (!e->selected)
      continue;
    const bench_shim_benchmark benchmark = {.name = e->name,
                                            .label = e->result.label,
                                            .threads = e->threads,
                                            .unit = unit_of(s, e),
                                            .runs = &runs[count],
                                            .run_count = e->result.done ? repetitions : 1};
    for (size_t i = 0; i < benchmark.run_count; ++i)
      describe_run(s, e, i, &runs[count++]);
    bench_shim_add(&benchmark);
  }
  bench_provenance(s);
  const bool good = bench_shim_write(argc, argv, s->options->format, s->options->output_format, text, size);
  for (size_t i = 0; i < count; ++i)
    free(runs[i].members);
  free(runs);
  return good;
}
