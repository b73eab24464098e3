/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/measure.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The value below which `share` of the sorted values lie, interpolated. */
static double quantile(const double *sorted, size_t count, double share) {
  const double at = share * (double)(count - 1);
  const size_t below = (size_t)at;
  if (below + 1 >= count)
    return sorted[count - 1];
  return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* Uses `values`, which holds `count`, as room. */
static void summarise(const cardinal_round *rounds, size_t count, double peak, double flops, double *values,
                      cardinal_measurement *m) {
  *m = (cardinal_measurement){.peak = peak, .rounds = count};
  for (size_t i = 0; i < count; ++i)
    values[i] = 1e-9 * flops / rounds[i].seconds / rounds[i].canary;
  qsort(values, count, sizeof *values, compare_doubles);
  m->canary_pct = 100 * quantile(values, count, 0.5);

  for (size_t i = 0; i < count; ++i)
    if (rounds[i].canary >= CARDINAL_QUIET_SHARE * peak)
      values[m->quiet_rounds++] = rounds[i].seconds;
  size_t counted = m->quiet_rounds;
  if (counted == 0)
    for (; counted < count; ++counted)
      values[counted] = rounds[counted].seconds;
  qsort(values, counted, sizeof *values, compare_doubles);
  m->seconds = quantile(values, counted, 0.5);
  m->gflops = 1e-9 * flops / m->seconds;
  m->peak_pct = 100 * m->gflops / peak;
  m->spread_pct = 100 * (quantile(values, counted, 0.75) - quantile(values, counted, 0.25)) / m->seconds;
}

bool cardinal_measure_summarise(const cardinal_round *rounds, size_t count, double peak, double flops,
                                cardinal_measurement *measurement) {
  double *values = calloc(count, sizeof *values);
  if (!values)
    return false;
  summarise(rounds, count, peak, flops, values, measurement);
  free(values);
  return true;
}

static size_t quiet_rounds(const cardinal_round *rounds, size_t count, double peak) {
  size_t quiet = 0;
  for (size_t i = 0; i < count; ++i)
    quiet += rounds[i].canary >= CARDINAL_QUIET_SHARE * peak;
  return quiet;
}

bool cardinal_measure_rounds(const cardinal_probes *probes, const cardinal_patience *patience, double flops,
                             cardinal_measurement *measurement) {
  cardinal_round *rounds = calloc(patience->max_rounds, sizeof *rounds);
  if (!rounds)
    return false;
  const double end = probes->clock(probes->user) + patience->max_seconds;
  double peak = 0;
  size_t count = 0;
  do {
    cardinal_round *round = &rounds[count++];
    peak = probes->fma(probes->user);
    const double before = probes->canary(probes->user);
    round->seconds = probes->subject(probes->user);
    const double after = probes->canary(probes->user);
    round->canary = before < after ? before : after;
  } while (count < patience->max_rounds &&
           (count < patience->min_rounds ||
            (probes->clock(probes->user) < end && quiet_rounds(rounds, count, peak) < patience->quiet_rounds)));
  const bool done = cardinal_measure_summarise(rounds, count, peak, flops, measurement);
  free(rounds);
  return done;
}

typedef struct bench {
  cardinal_yardstick *yardstick;
  void (*run)(void *user);
  void *user;
  size_t runs; /* in a round */
} bench;

static double bench_fma(void *user) {
  const bench *b = user;
  cardinal_yardstick_fma(b->yardstick);
  return b->yardstick->peak;
}

static double bench_canary(void *user) {
  const bench *b = user;
  return cardinal_yardstick_canary(b->yardstick);
}

static double bench_subject(void *user) {
  const bench *b = user;
  const double start = cardinal_clock();
  for (size_t i = 0; i < b->runs; ++i)
    b->run(b->user);
  return (cardinal_clock() - start) / (double)b->runs;
}

static double bench_clock(void *user) {
  (void)user;
  return cardinal_clock();
}

bool cardinal_measure(cardinal_yardstick *yardstick, void (*run)(void *user), void *user, double first_seconds,
                      const cardinal_patience *patience, double flops, cardinal_measurement *measurement) {
  bench b = {yardstick, run, user, 1};
  const double least = 2e-4, long_run = 0.02;
  /* The cost of warming up misleads about short runs. */
  const double once = first_seconds < long_run ? bench_subject(&b) : first_seconds;
  if (once < least)
    b.runs = (size_t)(least / (once > 1e-8 ? once : 1e-8)) + 1;
  const cardinal_probes probes = {bench_fma, bench_canary, bench_subject, bench_clock, &b};
  return cardinal_measure_rounds(&probes, patience, flops, measurement);
}
