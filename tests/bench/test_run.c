/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run sums up at its end. */
#include <criterion/criterion.h>

#include "bench/run.h"

/* The peak that is found last counts for what was measured first. */
Test(run, results_are_held_against_the_peak_of_the_whole_run) {
  const bench_options options = {
      .filter = "^peak/fma/.*/t1$", .models = "resnext50_1x4d", .repetitions = 2, .quiet_rounds = 3, .seconds = 0.01};
  bench_suite suite;
  char error[256] = "";
  cr_assert(bench_suite_make(&suite, &options, error, sizeof error), "%s", error);
  bench_runner *runner = bench_runner_create(&suite);
  bench_entry *entry = suite.entries;
  cr_assert(entry->selected);
  bench_run(runner, entry);
  cr_assert(entry->result.done, "%s", entry->result.error);
  cr_expect_eq(entry->result.repetitions, 2);
  cr_expect_eq(entry->result.repetition_end[1], entry->result.rounds.count);
  const double before = entry->result.measured.peak_pct;

  cardinal_yardstick *y = &bench_runner_threads(runner, entry->loops, 1)->yardstick;
  const double higher = 4 * cardinal_yardstick_peak(y);
  for (int i = 0; i < CARDINAL_PEAK_SAMPLES; ++i)
    cardinal_yardstick_count(y, higher);
  bench_conclude(runner);
  cr_expect_float_eq(entry->result.measured.peak, higher, 1e-9 * higher);
  cr_expect_lt(entry->result.measured.peak_pct, before);
  cr_expect_eq(entry->result.measured.quiet_rounds, 0);
  cardinal_measurement m;
  cr_assert(bench_repetition(entry, 1, &m));
  cr_expect_float_eq(m.peak, higher, 1e-9 * higher);
  cr_expect_eq(m.quiet_rounds, 0);
  bench_runner_destroy(runner);
  bench_suite_destroy(&suite);
}
