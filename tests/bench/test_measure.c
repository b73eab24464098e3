/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rounds count and when measuring stops, with timings made up. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/products.h"

enum {
  FLOPS = 1000000000
}; /* a run of one second is one GFLOP/s */

static cardinal_measurement summary(const cardinal_round *rounds, size_t count, cardinal_peaks peaks) {
  cardinal_measurement m;
  cr_assert(cardinal_measure_summarise(rounds, count, peaks, FLOPS, &m));
  return m;
}

static cardinal_round make_round(double canary, double seconds) {
  return (cardinal_round){.canary = canary, .seconds = seconds, .cpu_seconds = 2 * seconds, .on_cpu = 1, .runs = 3};
}

static const cardinal_peaks hundred = {.loops = 100, .against = 100};

Test(measure, counts_rounds_whose_canary_is_near_the_peak) {
  /* The fastest and the slowest run are in disturbed rounds: neither may count. 95 is just quiet. */
  const cardinal_round rounds[] = {make_round(99, 0.020), make_round(94.9, 0.001), make_round(95, 0.022),
                                   make_round(50, 0.500), make_round(100, 0.021)};
  const cardinal_measurement m = summary(rounds, 5, hundred);
  cr_expect_eq(m.rounds, 5);
  cr_expect_eq(m.quiet_rounds, 3);
  cr_expect_eq(m.runs, 9);
  cr_expect_float_eq(m.seconds, 0.021, 1e-9);
  cr_expect_float_eq(m.cpu_seconds, 0.042, 1e-9);
  cr_expect_float_eq(m.gflops, 1 / 0.021, 1e-9);
  cr_expect_float_eq(m.peak_pct, 100 / 0.021 / 100, 1e-9);
  cr_expect_float_eq(m.spread_pct, 100 * (0.0215 - 0.0205) / 0.021, 1e-9);
  cr_expect_float_eq(m.peak, 100, 1e-9);
}

Test(measure, how_fast_a_round_was_does_not_decide_whether_it_counts) {
  /* The same canaries with each order of six times: always the rounds 1, 3 and 5 count, whatever they took. */
  double seconds[6] = {1, 2, 3, 4, 5, 6};
  for (size_t turn = 0; turn < 6; ++turn) {
    cardinal_round rounds[6];
    for (size_t i = 0; i < 6; ++i)
      rounds[i] = make_round(i % 2 ? 99 : 80, seconds[(i + turn) % 6]);
    double counted[3] = {rounds[1].seconds, rounds[3].seconds, rounds[5].seconds};
    const cardinal_measurement m = summary(rounds, 6, hundred);
    cr_expect_eq(m.quiet_rounds, 3);
    cr_expect_float_eq(m.seconds, cardinal_quantile(counted, 3, 0.5), 1e-9);
  }
}

Test(measure, rounds_off_the_cpu_do_not_count) {
  cardinal_round rounds[] = {make_round(99, 0.02), make_round(99, 0.09), make_round(99, 0.03)};
  rounds[1].on_cpu = 0.3;
  rounds[2].on_cpu = 0.95;
  const cardinal_measurement m = summary(rounds, 3, hundred);
  cr_expect_eq(m.quiet_rounds, 2);
  cr_expect_float_eq(m.seconds, 0.025, 1e-9);
}

Test(measure, all_rounds_count_if_none_was_quiet) {
  const cardinal_round rounds[] = {make_round(50, 0.03), make_round(60, 0.01), make_round(70, 0.02)};
  const cardinal_measurement m = summary(rounds, 3, hundred);
  cr_expect_eq(m.quiet_rounds, 0);
  cr_expect_eq(m.runs, 9);
  cr_expect_float_eq(m.seconds, 0.02, 1e-9);
}

Test(measure, fewer_than_five_quiet_rounds_are_not_firm) {
  cardinal_round rounds[] = {make_round(99, 1), make_round(99, 1), make_round(99, 1),
                             make_round(99, 1), make_round(50, 1), make_round(50, 1)};
  cardinal_measurement m = summary(rounds, 6, hundred);
  cr_expect_not(cardinal_measurement_is_firm(&m));
  rounds[4].canary = 99;
  m = summary(rounds, 6, hundred);
  cr_expect(cardinal_measurement_is_firm(&m));
}

Test(measure, a_later_peak_decides_which_rounds_were_quiet) {
  const cardinal_round rounds[] = {make_round(96, 0.01), make_round(99, 0.02), make_round(104, 0.03)};
  cr_expect_eq(summary(rounds, 3, hundred).quiet_rounds, 3);
  cr_expect_eq(summary(rounds, 3, (cardinal_peaks){104, 104}).quiet_rounds, 2);
  cr_expect_float_eq(summary(rounds, 3, (cardinal_peaks){104, 104}).peak_pct, 100 * 40 / 104.0, 1e-9);
}

Test(measure, canary_percent_is_over_all_rounds) {
  /* 40, 50 and 80 % of the round's own canary */
  const cardinal_round rounds[] = {make_round(100, 1 / 40.0), make_round(50, 1 / 25.0), make_round(10, 1 / 8.0)};
  cr_expect_float_eq(summary(rounds, 3, hundred).canary_pct, 50, 1e-9);
  /* of loops with half the peak that the result is held against */
  cr_expect_float_eq(summary(rounds, 3, (cardinal_peaks){100, 200}).canary_pct, 25, 1e-9);
}

Test(measure, portable_code_is_held_against_another_peak_than_its_rounds) {
  const cardinal_round rounds[] = {make_round(40, 0.1), make_round(30, 0.2)};
  const cardinal_measurement m = summary(rounds, 2, (cardinal_peaks){.loops = 40, .against = 160});
  cr_expect_eq(m.quiet_rounds, 1);
  cr_expect_float_eq(m.peak_pct, 100 * 10 / 160.0, 1e-9);
  cr_expect_float_eq(m.peak, 160, 1e-9);
}

Test(measure, nine_in_ten_canaries_decide) {
  double both[] = {99, 50};
  cr_expect_float_eq(cardinal_round_canary(both, 2), 50, 1e-9);
  double nine[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
  cr_expect_float_eq(cardinal_round_canary(nine, 9), 1, 1e-9);
  double twenty[20];
  for (size_t i = 0; i < 20; ++i)
    twenty[i] = (double)(20 - i);
  cr_expect_float_eq(cardinal_round_canary(twenty, 20), 3, 1e-9);
}

Test(measure, medians_of_even_counts_lie_between) {
  const cardinal_round rounds[] = {make_round(100, 4), make_round(100, 1), make_round(100, 3), make_round(100, 2)};
  cr_expect_float_eq(summary(rounds, 4, hundred).seconds, 2.5, 1e-9);
}

/* A machine whose canary and clock are written down. Each part of a round takes one second. */
typedef struct script {
  const double *canaries; /* two for each round, then again from the start */
  const double *peaks;    /* that the rounds see; NULL: always 100 */
  const double *inner;    /* a canary in the middle of each round; NULL: none */
  size_t canary_count, canary_calls, fma_calls, subject_calls;
  double now;
} script;

static double script_fma(void *user) {
  script *s = user;
  s->now += 1;
  return s->peaks ? s->peaks[s->fma_calls++] : (++s->fma_calls, 100);
}

static double script_canary(void *user) {
  script *s = user;
  s->now += 1;
  return s->canaries[s->canary_calls++ % s->canary_count];
}

static size_t script_subject(void *user, cardinal_round *round, double canaries[CARDINAL_INNER_CANARIES]) {
  script *s = user;
  s->now += 1;
  if (s->inner)
    canaries[0] = s->inner[s->subject_calls];
  *round = make_round(0, (double)++s->subject_calls);
  return s->inner ? 1 : 0;
}

static double script_clock(void *user) {
  const script *s = user;
  return s->now;
}

/* The rounds, to be freed. */
static cardinal_rounds play(script *s, cardinal_patience patience) {
  const cardinal_probes probes = {script_fma, script_canary, script_subject, script_clock, s};
  cardinal_rounds rounds = {.round = NULL};
  cr_assert(cardinal_measure_rounds(&probes, &patience, &rounds));
  cr_expect_eq(s->subject_calls, rounds.count);
  cr_expect_eq(s->fma_calls, rounds.count);
  cr_expect_eq(s->canary_calls, 2 * rounds.count);
  return rounds;
}

static size_t play_count(script *s, cardinal_patience patience) {
  const cardinal_rounds rounds = play(s, patience);
  free(rounds.round);
  return rounds.count;
}

Test(measure, a_round_is_quiet_if_all_its_canaries_are) {
  /* before only, after only, both, neither, both but not in the middle */
  const double canaries[] = {99, 50, 50, 99, 99, 99, 50, 50, 99, 99}, inner[] = {99, 99, 98, 99, 50};
  script s = {.canaries = canaries, .canary_count = 10, .inner = inner};
  const cardinal_rounds rounds = play(&s, (cardinal_patience){1, 100, 5, 1e9, false});
  cr_assert_eq(rounds.count, 5);
  const cardinal_measurement m = summary(rounds.round, rounds.count, hundred);
  cr_expect_eq(m.quiet_rounds, 1);
  cr_expect_float_eq(m.seconds, 3, 1e-9); /* the third run */
  free(rounds.round);
}

Test(measure, stops_after_enough_quiet_rounds) {
  const double canaries[] = {99, 99, 99, 50};
  script s = {.canaries = canaries, .canary_count = 4};
  cr_expect_eq(play_count(&s, (cardinal_patience){1, 5, 1000, 1e9, false}), 9);
}

Test(measure, rounds_that_a_higher_peak_disturbs_are_made_up_for) {
  const double canaries[] = {99}, peaks[] = {100, 100, 200, 100, 100, 100};
  script s = {.canaries = canaries, .canary_count = 1, .peaks = peaks};
  /* After the third round none is quiet; with the old peak, three of four are. */
  cr_expect_eq(play_count(&s, (cardinal_patience){1, 3, 6, 1e9, false}), 4);
}

Test(measure, runs_the_least_number_of_rounds) {
  const double canaries[] = {99};
  script s = {.canaries = canaries, .canary_count = 1};
  cr_expect_eq(play_count(&s, (cardinal_patience){7, 1, 1000, 1e9, false}), 7);
}

Test(measure, stops_when_the_time_is_over) {
  const double canaries[] = {50};
  script s = {.canaries = canaries, .canary_count = 1};
  /* four seconds a round: the sixth begins at 20 and ends at 24 */
  cr_expect_eq(play_count(&s, (cardinal_patience){1, 20, 1000, 21, false}), 6);
  script slow = {.canaries = canaries, .canary_count = 1};
  cr_expect_eq(play_count(&slow, (cardinal_patience){3, 20, 1000, 1, false}), 3);
}

Test(measure, rounds_are_added_to_those_before) {
  const double canaries[] = {99};
  script s = {.canaries = canaries, .canary_count = 1};
  const cardinal_probes probes = {script_fma, script_canary, script_subject, script_clock, &s};
  const cardinal_patience patience = {40, 1, 1000, 1e9, false};
  cardinal_rounds rounds = {.round = NULL};
  cr_assert(cardinal_measure_rounds(&probes, &patience, &rounds));
  cr_assert(cardinal_measure_rounds(&probes, &patience, &rounds));
  cr_assert_eq(rounds.count, 80);
  for (size_t i = 0; i < rounds.count; ++i)
    cr_expect_float_eq(rounds.round[i].seconds, (double)(i + 1), 1e-9);
  free(rounds.round);
}

/* ---- the peak ------------------------------------------------------------------------------------------------ */

Test(peak, leaves_one_sample_in_a_hundred_out) {
  cardinal_yardstick y = {.threads = 1};
  cr_expect_eq(cardinal_yardstick_peak(&y), 0);
  cardinal_yardstick_count(&y, 40);
  cr_expect_eq(cardinal_yardstick_peak(&y), 40);
  y = (cardinal_yardstick){.threads = 1};
  /* 1 to 100 in a mixed order, then stray samples */
  for (size_t i = 0; i < 99; ++i)
    cardinal_yardstick_count(&y, (double)(i * 37 % 100 + 1));
  const double best = 100, second = 99;
  cr_expect_eq(cardinal_yardstick_peak(&y), best);
  cardinal_yardstick_count(&y, 1e9);
  cr_expect_eq(cardinal_yardstick_peak(&y), best);
  cardinal_yardstick_count(&y, 1e9);
  cr_expect_eq(cardinal_yardstick_peak(&y), 1e9);
  for (size_t i = 0; i < 100; ++i)
    cardinal_yardstick_count(&y, 5);
  cr_expect_eq(cardinal_yardstick_peak(&y), best);
  for (size_t i = 0; i < 100; ++i)
    cardinal_yardstick_count(&y, 5);
  cr_expect_eq(cardinal_yardstick_peak(&y), second);
  /* never below the tenth best */
  for (size_t i = 0; i < 10000; ++i)
    cardinal_yardstick_count(&y, 5);
  cr_expect_gt(cardinal_yardstick_peak(&y), 90);
  for (size_t i = 1; i < CARDINAL_PEAK_SAMPLES; ++i)
    cr_expect_geq(y.best[i - 1], y.best[i]);
}

/* ---- the real loops, for what they run on and that they run, not how fast ---------------------------------- */

Test(peak, every_usable_isa_has_a_yardstick) {
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    cardinal_yardstick y;
    const bool usable = cardinal_isa_runs_here((cardinal_isa)isa);
    cr_assert_eq(cardinal_yardstick_init(&y, (cardinal_isa)isa, NULL), usable);
    if (!usable)
      continue;
    cr_expect_eq(y.best_count, CARDINAL_PEAK_SAMPLES);
    cr_expect_gt(cardinal_yardstick_peak(&y), 0);
    cr_expect_gt(cardinal_yardstick_canary(&y), 0);
    cr_expect_gt(cardinal_yardstick_fma(&y), 0);
    cr_expect(isa == CARDINAL_ISA_GENERIC || y.isa == (cardinal_isa)isa);
    cardinal_yardstick_free(&y);
  }
  cr_expect(cardinal_isa_runs_here(CARDINAL_ISA_GENERIC));
}

/* What a format's products are made of depends on the CPU; that they aren't slower than multiply-adds of floats is
 * seen where there are dot products of their own. */
Test(peak, formats_have_peaks_of_their_own) {
  const cardinal_isa isa = cardinal_widest_isa();
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format) {
    cardinal_yardstick y;
    cr_assert(cardinal_yardstick_init_format(&y, isa, (cardinal_format)format, NULL));
    cr_expect_eq(y.best_count, CARDINAL_PEAK_SAMPLES);
    cr_expect_gt(cardinal_yardstick_fma(&y), 0);
    cr_expect_gt(cardinal_yardstick_canary(&y), 0);
    cr_expect(format != CARDINAL_FORMAT_F32 || !y.product);
    cr_expect(format != CARDINAL_FORMAT_INT8 || y.product || isa == CARDINAL_ISA_GENERIC);
    cardinal_yardstick_free(&y);
  }
  cr_expect_null(cardinal_product_loop_of(CARDINAL_ISA_AVX512, CARDINAL_FORMAT_BF16, 0));
  cr_expect_null(cardinal_product_loop_of(CARDINAL_ISA_AVX2, CARDINAL_FORMAT_F32, UINT64_MAX));
}

#if defined(__aarch64__)
/* The peak of int8 is that of the fastest products, whichever a kernel uses. */
Test(peak, int8_is_held_against_the_fastest_products) {
  const uint64_t dotprod = CARDINAL_CPU_DOTPROD, i8mm = CARDINAL_CPU_I8MM;
  const cardinal_product_loop *loops[] = {
      cardinal_product_loop_of(CARDINAL_ISA_NEON, CARDINAL_FORMAT_INT8, 0),
      cardinal_product_loop_of(CARDINAL_ISA_NEON, CARDINAL_FORMAT_INT8, dotprod),
      cardinal_product_loop_of(CARDINAL_ISA_NEON, CARDINAL_FORMAT_INT8, dotprod | i8mm)};
  cr_expect_str_eq(loops[0]->name, "smull, smlal2, sadalp");
  cr_expect_str_eq(loops[1]->name, "sdot");
  cr_expect_str_eq(loops[2]->name, "smmla");
  cr_expect_eq(loops[2]->operations, 2 * loops[1]->operations);
}
#endif

Test(peak, loops_beside_portable_code_are_not_512_bits_wide) {
  const cardinal_isa loops = cardinal_loops_isa(CARDINAL_ISA_GENERIC);
  cr_expect_neq(loops, CARDINAL_ISA_AVX512);
  cr_expect(cardinal_isa_runs_here(loops));
  for (int isa = CARDINAL_ISA_GENERIC + 1; isa < CARDINAL_ISA_COUNT; ++isa)
    cr_expect(!cardinal_isa_runs_here((cardinal_isa)isa) || cardinal_widest_isa() >= (cardinal_isa)isa);
}

Test(peak, refuses_unknown_isas) {
  cardinal_yardstick y;
  cr_expect_not(cardinal_yardstick_init(&y, CARDINAL_ISA_COUNT, NULL));
}

/* ---- several threads ----------------------------------------------------------------------------------------- */

/* A machine with one core: it runs the tasks one after the other, which is a parallel_for's right. */
static void one_by_one(void *user, size_t tasks, cardinal_task task, void *argument) {
  size_t *calls = user;
  for (size_t i = 0; i < tasks; ++i)
    task(argument, i);
  ++*calls;
}

Test(peak, threads_that_take_turns_are_no_faster_than_one) {
  size_t calls = 0;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.threads = 3;
  desc.parallel_for = one_by_one;
  desc.parallel_for_user = &calls;
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(&desc, &context, NULL), CARDINAL_OK);
  cardinal_yardstick y;
  cr_assert(cardinal_yardstick_init(&y, CARDINAL_ISA_GENERIC, context));
  cr_expect_eq(y.threads, 3);
  cr_expect_gt(calls, 0);
  /* Whatever the machine is busy with: the rate is that of the whole time from the first start to the last end. */
  const double rate = cardinal_yardstick_fma(&y);
  double inside = 0, first = y.spans[0].start, last = y.spans[0].end;
  for (int i = 0; i < 3; ++i) {
    cr_expect_gt(y.spans[i].end, y.spans[i].start);
    inside += (y.spans[i].end - y.spans[i].start) / 3;
    first = y.spans[i].start < first ? y.spans[i].start : first;
    last = y.spans[i].end > last ? y.spans[i].end : last;
  }
  /* Three parts one after the other take at least three times as long as one on average. */
  cr_expect_geq(last - first, 3 * inside);
  /* of an iteration of the loop: chains, lanes, 2 a multiply-add */
  const double flops = y.isa == CARDINAL_ISA_AVX2 ? 14 * 8 * 2 : y.isa == CARDINAL_ISA_NEON ? 24 * 4 * 2 : 6 * 4 * 2;
  cr_expect_float_eq(rate * (last - first), 3e-9 * flops * (double)y.fma_iterations, 1e-9);
  cardinal_yardstick_free(&y);
  cardinal_context_destroy(context);
}

static void note_thread(void *user, size_t thread) {
  unsigned char *seen = user;
  ++seen[thread];
}

Test(peak, every_thread_that_comes_takes_its_part_once) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.threads = 2;
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(&desc, &context, NULL), CARDINAL_OK);
  cardinal_yardstick y;
  cr_assert(cardinal_yardstick_init(&y, CARDINAL_ISA_GENERIC, context));
  unsigned char seen[2] = {0, 0};
  cardinal_yardstick_together(&y, note_thread, seen);
  for (unsigned i = 0; i < y.threads; ++i)
    cr_expect_eq(seen[i], y.spans[i].end > 0, "thread %u", i);
  cr_expect_eq(seen[0], 1);
  cardinal_yardstick_free(&y);
  cardinal_context_destroy(context);
}

/* ---- the stopwatch ------------------------------------------------------------------------------------------- */

typedef struct watched {
  size_t runs;
  double checks;  /* seconds that the checks of the last run took */
  double seconds; /* that it saw on the stopwatch */
} watched;

static void check_at_times(void *user, cardinal_stopwatch *watch) {
  watched *w = user;
  ++w->runs;
  w->checks = 0;
  for (int i = 0; i < 3; ++i) {
    for (const double end = cardinal_clock() + 0.005; cardinal_clock() < end;) {
    }
    const double start = cardinal_clock();
    cardinal_stopwatch_check(watch);
    w->checks += cardinal_clock() - start;
  }
  w->seconds = cardinal_stopwatch_seconds(watch);
}

Test(measure, canaries_inside_a_run_are_off_its_clock) {
  cardinal_yardstick y;
  cr_assert(cardinal_yardstick_init(&y, CARDINAL_ISA_GENERIC, NULL));
  y.canary_iterations *= 100; /* long ones, that would show */
  watched w = {.runs = 0};
  cardinal_rounds rounds = {.round = NULL};
  const cardinal_patience once = {.min_rounds = 1, .quiet_rounds = 1, .max_rounds = 1};
  const double start = cardinal_clock();
  cr_assert(cardinal_measure(&y, check_at_times, &w, 1, &once, &rounds));
  const double all = cardinal_clock() - start;
  cr_assert_eq(rounds.count, 1);
  cr_expect_eq(w.runs, 1);
  cr_expect_eq(rounds.round[0].runs, 1);
  /* Whatever the machine was busy with: what the checks took isn't on the stopwatch, the rest is. */
  cr_expect_gt(w.checks, 0);
  cr_expect_leq(w.seconds, all - 0.9 * w.checks);
  cr_expect_geq(w.seconds, 0.015);
  cr_expect_geq(rounds.round[0].seconds, w.seconds);
  cardinal_yardstick_free(&y);
  free(rounds.round);
}
