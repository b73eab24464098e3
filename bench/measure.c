/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/measure.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double cardinal_quantile(double *values, size_t count, double share) {
  qsort(values, count, sizeof *values, compare_doubles);
  const double at = share * (double)(count - 1);
  const size_t below = (size_t)at;
  if (below + 1 >= count)
    return values[count - 1];
  return values[below] + (at - (double)below) * (values[below + 1] - values[below]);
}

double cardinal_round_canary(double *canaries, size_t count) {
  qsort(canaries, count, sizeof *canaries, compare_doubles);
  return canaries[count / 10];
}

bool cardinal_round_is_quiet(const cardinal_round *round, double peak) {
  return round->canary >= CARDINAL_QUIET_SHARE * peak && round->on_cpu >= CARDINAL_QUIET_SHARE;
}

bool cardinal_measurement_is_firm(const cardinal_measurement *m) {
  return m->quiet_rounds >= CARDINAL_FIRM_ROUNDS;
}

/* Uses `values`, which holds `count`, as room. */
static void summarise(const cardinal_round *rounds, size_t count, cardinal_peaks peaks, double flops, double *values,
                      cardinal_measurement *m) {
  *m = (cardinal_measurement){.peak = peaks.against, .rounds = count};
  for (size_t i = 0; i < count; ++i) {
    values[i] = 1e-9 * flops / rounds[i].seconds / (rounds[i].canary / peaks.loops);
    m->quiet_rounds += cardinal_round_is_quiet(&rounds[i], peaks.loops);
  }
  m->canary_pct = 100 * cardinal_quantile(values, count, 0.5) / peaks.against;

  size_t counted = 0;
  for (size_t i = 0; i < count; ++i)
    if (m->quiet_rounds == 0 || cardinal_round_is_quiet(&rounds[i], peaks.loops)) {
      values[counted++] = rounds[i].cpu_seconds;
      m->runs += rounds[i].runs;
    }
  m->cpu_seconds = cardinal_quantile(values, counted, 0.5);
  counted = 0;
  for (size_t i = 0; i < count; ++i)
    if (m->quiet_rounds == 0 || cardinal_round_is_quiet(&rounds[i], peaks.loops))
      values[counted++] = rounds[i].seconds;
  m->seconds = cardinal_quantile(values, counted, 0.5);
  m->gflops = 1e-9 * flops / m->seconds;
  m->peak_pct = 100 * m->gflops / peaks.against;
  m->spread_pct =
      100 * (cardinal_quantile(values, counted, 0.75) - cardinal_quantile(values, counted, 0.25)) / m->seconds;
}

bool cardinal_measure_summarise(const cardinal_round *rounds, size_t count, cardinal_peaks peaks, double flops,
                                cardinal_measurement *measurement) {
  double *values = calloc(count, sizeof *values);
  if (!values)
    return false;
  summarise(rounds, count, peaks, flops, values, measurement);
  free(values);
  return true;
}

static size_t quiet_rounds(const cardinal_round *rounds, size_t count, double peak) {
  size_t quiet = 0;
  for (size_t i = 0; i < count; ++i)
    quiet += cardinal_round_is_quiet(&rounds[i], peak);
  return quiet;
}

static cardinal_round *next_round(cardinal_rounds *rounds) {
  if (rounds->count == rounds->room) {
    const size_t room = rounds->room ? 2 * rounds->room : 32;
    cardinal_round *grown = realloc(rounds->round, room * sizeof *grown);
    if (!grown)
      return NULL;
    rounds->round = grown;
    rounds->room = room;
  }
  return &rounds->round[rounds->count++];
}

bool cardinal_measure_rounds(const cardinal_probes *probes, const cardinal_patience *patience,
                             cardinal_rounds *rounds) {
  const double end = probes->clock(probes->user) + patience->max_seconds;
  const size_t before = rounds->count;
  double peak = 0;
  size_t count;
  do {
    double canaries[CARDINAL_INNER_CANARIES + 2];
    cardinal_round *round = next_round(rounds);
    if (!round)
      return false;
    peak = probes->fma(probes->user);
    canaries[0] = probes->canary(probes->user);
    const size_t inner = probes->subject(probes->user, round, canaries + 1);
    canaries[inner + 1] = probes->canary(probes->user);
    round->canary = cardinal_round_canary(canaries, inner + 2);
    count = rounds->count - before;
  } while (
      count < patience->max_rounds &&
      (count < patience->min_rounds || (probes->clock(probes->user) < end &&
                                        quiet_rounds(rounds->round + before, count, peak) < patience->quiet_rounds)));
  return true;
}

struct cardinal_stopwatch {
  const cardinal_yardstick *yardstick;
  double start, cpu_start; /* later by what canaries took */
  double last_canary;
  double *canaries;
  size_t canary_count;
};

static void start(cardinal_stopwatch *w) {
  w->canary_count = 0;
  w->cpu_start = cardinal_cpu_clock();
  w->start = w->last_canary = cardinal_clock();
}

void cardinal_stopwatch_check(cardinal_stopwatch *w) {
  const double pause = 0.004;
  const double begin = cardinal_clock();
  if (begin - w->last_canary < pause || w->canary_count == CARDINAL_INNER_CANARIES)
    return;
  const double cpu_begin = cardinal_cpu_clock();
  w->canaries[w->canary_count++] = cardinal_yardstick_canary(w->yardstick);
  w->cpu_start += cardinal_cpu_clock() - cpu_begin;
  w->last_canary = cardinal_clock();
  w->start += w->last_canary - begin;
}

double cardinal_stopwatch_seconds(const cardinal_stopwatch *w) {
  return cardinal_clock() - w->start;
}

typedef struct bench {
  cardinal_yardstick *yardstick;
  void (*run)(void *user, cardinal_stopwatch *watch);
  void *user;
  size_t runs; /* in a round */
} bench;

static double bench_fma(void *user) {
  const bench *b = user;
  cardinal_yardstick_fma(b->yardstick);
  return cardinal_yardstick_peak(b->yardstick);
}

static double bench_canary(void *user) {
  const bench *b = user;
  return cardinal_yardstick_canary(b->yardstick);
}

static size_t bench_subject(void *user, cardinal_round *round, double canaries[CARDINAL_INNER_CANARIES]) {
  const bench *b = user;
  cardinal_stopwatch watch = {.yardstick = b->yardstick, .canaries = canaries};
  start(&watch);
  for (size_t i = 0; i < b->runs; ++i)
    b->run(b->user, &watch);
  round->seconds = cardinal_stopwatch_seconds(&watch) / (double)b->runs;
  round->cpu_seconds = (cardinal_cpu_clock() - watch.cpu_start) / (double)b->runs;
  round->on_cpu = b->yardstick->threads == 1 ? round->cpu_seconds / round->seconds : 1;
  round->runs = b->runs;
  return watch.canary_count;
}

static double bench_clock(void *user) {
  (void)user;
  return cardinal_clock();
}

bool cardinal_measure(cardinal_yardstick *yardstick, void (*run)(void *user, cardinal_stopwatch *watch), void *user,
                      double first_seconds, const cardinal_patience *patience, cardinal_rounds *rounds) {
  bench b = {yardstick, run, user, 1};
  const double least = 2e-4, long_run = 0.02;
  if (!patience->single && first_seconds < long_run) {
    /* The cost of warming up misleads about short runs. */
    double canaries[CARDINAL_INNER_CANARIES];
    cardinal_round once;
    bench_subject(&b, &once, canaries);
    if (once.seconds < least)
      b.runs = (size_t)(least / (once.seconds > 1e-8 ? once.seconds : 1e-8)) + 1;
  }
  const cardinal_probes probes = {bench_fma, bench_canary, bench_subject, bench_clock, &b};
  return cardinal_measure_rounds(&probes, patience, rounds);
}
