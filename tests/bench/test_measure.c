/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rounds count and when measuring stops, with timings made up. */
#include <criterion/criterion.h>

#include "bench/measure.h"

enum {
  FLOPS = 1000000000
}; /* a run of one second is one GFLOP/s */

static cardinal_measurement summary(const cardinal_round *rounds, size_t count, double peak) {
  cardinal_measurement m;
  cr_assert(cardinal_measure_summarise(rounds, count, peak, FLOPS, &m));
  return m;
}

Test(measure, counts_rounds_whose_canary_is_near_the_peak) {
  /* The fastest and the slowest run are in disturbed rounds: neither may count. 95 is just quiet. */
  const cardinal_round rounds[] = {{99, 0.020}, {94.9, 0.001}, {95, 0.022}, {50, 0.500}, {100, 0.021}};
  const cardinal_measurement m = summary(rounds, 5, 100);
  cr_expect_eq(m.rounds, 5);
  cr_expect_eq(m.quiet_rounds, 3);
  cr_expect_float_eq(m.seconds, 0.021, 1e-9);
  cr_expect_float_eq(m.gflops, 1 / 0.021, 1e-9);
  cr_expect_float_eq(m.peak_pct, 100 / 0.021 / 100, 1e-9);
  cr_expect_float_eq(m.spread_pct, 100 * (0.0215 - 0.0205) / 0.021, 1e-9);
  cr_expect_float_eq(m.peak, 100, 1e-9);
}

Test(measure, the_choice_does_not_look_at_the_result) {
  cardinal_round rounds[8];
  for (size_t i = 0; i < 8; ++i)
    rounds[i] = (cardinal_round){i % 2 ? 99 : 80, 1};
  for (size_t i = 0; i < 8; ++i) {
    rounds[i].seconds = i % 2 ? 3 : 1;
    cr_expect_eq(summary(rounds, 8, 100).quiet_rounds, 4);
  }
  cr_expect_float_eq(summary(rounds, 8, 100).seconds, 3, 1e-9);
}

Test(measure, all_rounds_count_if_none_was_quiet) {
  const cardinal_round rounds[] = {{50, 0.03}, {60, 0.01}, {70, 0.02}};
  const cardinal_measurement m = summary(rounds, 3, 100);
  cr_expect_eq(m.quiet_rounds, 0);
  cr_expect_float_eq(m.seconds, 0.02, 1e-9);
}

Test(measure, canary_percent_is_over_all_rounds) {
  /* 40, 50 and 80 % of the round's own canary */
  const cardinal_round rounds[] = {{100, 1 / 40.0}, {50, 1 / 25.0}, {10, 1 / 8.0}};
  cr_expect_float_eq(summary(rounds, 3, 100).canary_pct, 50, 1e-9);
}

Test(measure, medians_of_even_counts_lie_between) {
  const cardinal_round rounds[] = {{100, 4}, {100, 1}, {100, 3}, {100, 2}};
  cr_expect_float_eq(summary(rounds, 4, 100).seconds, 2.5, 1e-9);
}

/* A machine whose canary and clock are written down. Each part of a round takes one second. */
typedef struct script {
  const double *canaries; /* two for each round, then again from the start */
  size_t canary_count, canary_calls, fma_calls, subject_calls;
  double now, peak;
} script;

static double script_fma(void *user) {
  script *s = user;
  ++s->fma_calls;
  s->now += 1;
  return s->peak;
}

static double script_canary(void *user) {
  script *s = user;
  s->now += 1;
  return s->canaries[s->canary_calls++ % s->canary_count];
}

static double script_subject(void *user) {
  script *s = user;
  s->now += 1;
  return (double)++s->subject_calls;
}

static double script_clock(void *user) {
  const script *s = user;
  return s->now;
}

static cardinal_measurement play(script *s, cardinal_patience patience) {
  const cardinal_probes probes = {script_fma, script_canary, script_subject, script_clock, s};
  cardinal_measurement m;
  s->peak = 100;
  cr_assert(cardinal_measure_rounds(&probes, &patience, FLOPS, &m));
  cr_expect_eq(s->subject_calls, m.rounds);
  cr_expect_eq(s->fma_calls, m.rounds);
  cr_expect_eq(s->canary_calls, 2 * m.rounds);
  return m;
}

Test(measure, a_round_is_quiet_if_both_its_canaries_are) {
  /* before only, after only, both, neither */
  const double canaries[] = {99, 50, 50, 99, 99, 99, 50, 50};
  script s = {.canaries = canaries, .canary_count = 8};
  const cardinal_measurement m = play(&s, (cardinal_patience){1, 100, 4, 1e9});
  cr_expect_eq(m.rounds, 4);
  cr_expect_eq(m.quiet_rounds, 1);
  cr_expect_float_eq(m.seconds, 3, 1e-9); /* the third run */
}

Test(measure, stops_after_enough_quiet_rounds) {
  const double canaries[] = {99, 99, 99, 50};
  script s = {.canaries = canaries, .canary_count = 4};
  const cardinal_measurement m = play(&s, (cardinal_patience){1, 5, 1000, 1e9});
  cr_expect_eq(m.quiet_rounds, 5);
  cr_expect_eq(m.rounds, 9);
}

Test(measure, runs_the_least_number_of_rounds) {
  const double canaries[] = {99};
  script s = {.canaries = canaries, .canary_count = 1};
  cr_expect_eq(play(&s, (cardinal_patience){7, 1, 1000, 1e9}).rounds, 7);
}

Test(measure, stops_when_the_time_is_over) {
  const double canaries[] = {50};
  script s = {.canaries = canaries, .canary_count = 1};
  /* four seconds a round: the sixth begins at 20 and ends at 24 */
  cr_expect_eq(play(&s, (cardinal_patience){1, 20, 1000, 21}).rounds, 6);
  script slow = {.canaries = canaries, .canary_count = 1};
  cr_expect_eq(play(&slow, (cardinal_patience){3, 20, 1000, 1}).rounds, 3);
}

/* ---- the real loops, for what they run on and that they run, not how fast ---------------------------------- */

Test(peak, every_usable_isa_has_a_yardstick) {
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    cardinal_yardstick y;
    const bool usable = cardinal_isa_runs_here((cardinal_isa)isa);
    cr_assert_eq(cardinal_yardstick_init(&y, (cardinal_isa)isa, 1), usable);
    if (!usable)
      continue;
    cr_expect_gt(y.peak, 0);
    cr_expect_gt(cardinal_yardstick_canary(&y), 0);
    const double before = y.peak, now = cardinal_yardstick_fma(&y);
    cr_expect_eq(y.peak, now > before ? now : before);
    cr_expect(isa == CARDINAL_ISA_GENERIC || y.isa == (cardinal_isa)isa);
  }
  cr_expect(cardinal_isa_runs_here(CARDINAL_ISA_GENERIC));
}

Test(peak, refuses_no_threads_and_unknown_isas) {
  cardinal_yardstick y;
  cr_expect_not(cardinal_yardstick_init(&y, CARDINAL_ISA_GENERIC, 0));
  cr_expect_not(cardinal_yardstick_init(&y, CARDINAL_ISA_COUNT, 1));
  cr_expect_eq(cardinal_peak_fma_gflops(CARDINAL_ISA_COUNT, 1), 0);
}
