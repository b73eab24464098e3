/* SPDX-License-Identifier: BSD-3-Clause */
/* One layer by the naive kernel, in whichever of its builds is the fastest. */
#include <stdio.h>
#include <string.h>

#include "bench/runner.h"

/* The naive kernel and its builds with ISA flags: kernels/generic/naive.c, compiled again under these names. */
typedef void naive_conv(const cardinal_reference_shape *shape, const float *x, const float *weights, const float *bias,
                        const float *residual, int relu, float *y);
naive_conv cardinal_naive_conv_avx2, cardinal_naive_conv_avx512;

typedef struct naive_build {
  naive_conv *conv;
  const char *flags; /* NULL: not for this CPU */
  cardinal_isa isa;
} naive_build;

typedef struct naive_subject {
  naive_conv *conv;
  const bench_problem *problem;
  bench_band band;
} naive_subject;

static void naive_once(void *user, cardinal_stopwatch *watch) {
  naive_subject *n = user;
  (void)watch;
  n->conv(&n->band.shape, n->band.x, n->problem->weights, n->problem->bias, n->band.residual, n->problem->conv.has_relu,
          n->band.y);
}

/* Checks a build's output and gives the best time of a few runs; negative with `error` if it is wrong. */
static double try_build(naive_subject *n, char *error, size_t size) {
  enum {
    TRIES = 3
  };
  double best = 0;
  memset(n->band.y, 0xff,
         n->problem->out_channels * (n->band.end - n->band.begin) * n->problem->out_width * sizeof(float));
  for (int i = 0; i < TRIES; ++i) {
    const double start = cardinal_clock();
    naive_once(n, NULL);
    const double seconds = cardinal_clock() - start;
    best = i == 0 || seconds < best ? seconds : best;
  }
  return bench_band_check(&n->band, n->problem, error, size) ? best : -1;
}

/* The fastest build, NULL with `error` if one is wrong. */
static const naive_build *fastest_build(naive_subject *n, double *seconds, char *error, size_t size) {
  static naive_build builds[] = {
      {cardinal_naive_conv, "without ISA flags", CARDINAL_ISA_GENERIC},
#ifdef BENCH_TWIN_AVX2
      {cardinal_naive_conv_avx2, NULL, CARDINAL_ISA_AVX2},
#endif
#ifdef BENCH_TWIN_AVX512
      {cardinal_naive_conv_avx512, NULL, CARDINAL_ISA_AVX512},
#endif
  };
  const naive_build *fastest = NULL;
  for (size_t b = 0; b < sizeof builds / sizeof builds[0]; ++b) {
    if (builds[b].isa != CARDINAL_ISA_GENERIC)
      builds[b].flags = bench_twin_flags(builds[b].isa);
    if (!builds[b].flags)
      continue;
    n->conv = builds[b].conv;
    const double once = try_build(n, error, size);
    if (once < 0)
      return NULL;
    if (!fastest || once < *seconds) {
      fastest = &builds[b];
      *seconds = once;
    }
  }
  n->conv = fastest->conv;
  return fastest;
}

void bench_run_naive(bench_runner *r, bench_entry *e) {
  const double band_flops = 3e7; /* some 20 ms */
  bench_result *result = &e->result;
  naive_subject n = {.problem = bench_runner_problem(r, e->layer)};
  bench_band_open(&n.band, n.problem, band_flops);
  const size_t rows = n.band.end - n.band.begin;
  const size_t all_rows = n.problem->images * n.problem->out_height;
  result->share = (double)rows / (double)all_rows;
  result->flops = n.problem->flops * result->share;
  double once = 0;
  const naive_build *build = fastest_build(&n, &once, result->error, sizeof result->error);
  cardinal_patience p = bench_runner_patience(r, e);
  p.max_seconds = p.max_seconds < 0.5 ? p.max_seconds : 0.5; /* it is no close race */
  if (build) {
    e->loops = build->isa;
    cardinal_yardstick *y = &bench_runner_threads(r, e->loops, 1)->yardstick;
    result->done = cardinal_measure(y, naive_once, &n, once, &p, &result->rounds);
    snprintf(result->kernel, sizeof result->kernel, "naive");
    const int used = snprintf(result->label, sizeof result->label, "naive, %s", build->flags);
    if (rows < all_rows)
      snprintf(result->label + used, sizeof result->label - (size_t)used, ", scaled up from %zu of %zu rows", rows,
               all_rows);
  }
  bench_band_close(&n.band);
}
