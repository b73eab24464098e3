/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/run.h"

#include <stdio.h>

static void run_once(bench_runner *r, bench_entry *e) {
  switch (e->kind) {
  case BENCH_FMA:
  case BENCH_CANARY:
    bench_run_loop(r, e);
    break;
  case BENCH_COPY:
    bench_run_copy(r, e);
    break;
  case BENCH_NAIVE:
    bench_run_naive(r, e);
    break;
  case BENCH_PLAIN:
  case BENCH_LAYER:
    bench_run_layer(r, e);
    break;
  case BENCH_FOREIGN:
    bench_run_foreign(r, e);
    break;
  case BENCH_NET:
    bench_run_net(r, e);
    break;
  }
}

static cardinal_peaks peaks_of(bench_runner *r, const bench_entry *e) {
  return (cardinal_peaks){cardinal_yardstick_peak(&bench_runner_threads(r, e->loops, e->threads)->yardstick),
                          cardinal_yardstick_peak(bench_runner_against(r, e))};
}

static bool summarise(const bench_result *result, size_t begin, size_t end, cardinal_measurement *m) {
  if (!cardinal_measure_summarise(result->rounds.round + begin, end - begin, result->peaks, result->flops, m))
    return false;
  m->seconds /= result->share;
  m->cpu_seconds /= result->share;
  return true;
}

static void sum_up(bench_runner *r, bench_entry *e) {
  bench_result *result = &e->result;
  if (!result->done)
    return;
  if (result->copied) {
    result->measured = result->copied->result.measured;
    return;
  }
  result->peaks = peaks_of(r, e);
  if (!summarise(result, 0, result->rounds.count, &result->measured)) {
    snprintf(result->error, sizeof result->error, "no memory for the rounds");
    result->done = false;
  }
  if (e->kind == BENCH_FOREIGN)
    bench_flag_impossible(r, e);
}

void bench_run(bench_runner *r, bench_entry *e) {
  const bench_suite *s = r->suite;
  const bench_entry *alike = bench_runner_alike(s, e);
  bench_result *result = &e->result;
  *result = (bench_result){.share = 1};
  if (alike) {
    *result = alike->result;
    result->copied = alike;
    snprintf(result->label, sizeof result->label, "%.100s, measured as %s", alike->result.label,
             s->layers[alike->layer].name);
    return;
  }
  result->repetition_end = bench_memory(s->options->repetitions * sizeof *result->repetition_end);
  /* Peaks that no round of this entry measures are looked at before it. */
  cardinal_yardstick_fma(bench_runner_against(r, e));
  do {
    result->done = false;
    run_once(r, e);
    result->repetition_end[result->repetitions++] = result->rounds.count;
  } while (result->done && result->repetitions < s->options->repetitions);
  if (!result->label[0])
    snprintf(result->label, sizeof result->label, "%s", result->kernel);
  sum_up(r, e);
}

void bench_conclude(bench_runner *r) {
  for (bench_entry *e = r->suite->entries; e < r->suite->entries + r->suite->entry_count; ++e)
    sum_up(r, e);
}

bool bench_repetition(const bench_entry *e, size_t repetition, cardinal_measurement *m) {
  const bench_result *result = &e->result;
  return summarise(result, repetition ? result->repetition_end[repetition - 1] : 0, result->repetition_end[repetition],
                   m);
}
