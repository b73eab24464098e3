/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measuring on a machine that is shared with others.
 *
 * Every round runs, one right after the other, the FMA peak's loop, the canary (see bench/peak.h), what is measured,
 * and the canary again. Long subjects are interrupted for further canaries, whose time isn't theirs. A round is quiet
 * if nine in ten of its canaries (of two: both) reached 95 % of the peak of the whole run, and the thread was on a CPU
 * for 95 % of the time. So rounds are summed up at the end, and never chosen by how fast the result is.
 */
#ifndef CARDINAL_BENCH_MEASURE_H
#define CARDINAL_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/peak.h"

#define CARDINAL_QUIET_SHARE 0.95

enum {
  CARDINAL_FIRM_ROUNDS = 5 /* a median of fewer quiet rounds is marked as uncertain */
};

typedef struct cardinal_round {
  double canary;      /* GFLOP/s that nine in ten of the round's canaries reached */
  double seconds;     /* of one run of what is measured */
  double cpu_seconds; /* the same, of all threads together, on CPUs */
  double on_cpu;      /* share of the time that the thread was on a CPU; 1 if there are several, which may wait */
  size_t runs;        /* whose means these are */
} cardinal_round;

/* All rounds of a benchmark. Starts as {NULL}; `round` is to be freed with free(). */
typedef struct cardinal_rounds {
  cardinal_round *round;
  size_t count, room;
} cardinal_rounds;

/* FMA peaks in GFLOP/s: of the loops that ran in the rounds, and the one that the result is held against. */
typedef struct cardinal_peaks {
  double loops, against;
} cardinal_peaks;

typedef struct cardinal_measurement {
  /* Medians over the quiet rounds; over all of them if none was quiet. */
  double seconds, cpu_seconds; /* one run */
  double gflops;
  double peak_pct;
  double spread_pct; /* quartile distance of those rounds' times, in % of their median */
  size_t runs;       /* that those rounds timed */
  /* Over all rounds. */
  double canary_pct; /* median of the result in % of a peak that is lowered as far as the round's canary was */
  double peak;       /* GFLOP/s that the percentages refer to */
  size_t rounds, quiet_rounds;
} cardinal_measurement;

/* The value below which `share` of `count` values lie, interpolated; sorts them. `count` is at least 1. */
double cardinal_quantile(double *values, size_t count, double share);

/* The rate that nine in ten of a round's canaries reached: of fewer than ten, the lowest. Sorts them. */
double cardinal_round_canary(double *canaries, size_t count);

/* Whether the canary and the time on a CPU reached CARDINAL_QUIET_SHARE of the peak of the loops, and of all time. */
bool cardinal_round_is_quiet(const cardinal_round *round, double peak);

/* `flops` are the nominal floating-point operations of one run. At least one round. False if memory ran out. */
bool cardinal_measure_summarise(const cardinal_round *rounds, size_t count, cardinal_peaks peaks, double flops,
                                cardinal_measurement *measurement);

/* Whether enough rounds were quiet. */
bool cardinal_measurement_is_firm(const cardinal_measurement *measurement);

/* When to stop: after `quiet_rounds` quiet ones, or when `max_seconds` have passed or `max_rounds` are done; but not
 * before `min_rounds` of any kind. */
typedef struct cardinal_patience {
  size_t min_rounds, quiet_rounds, max_rounds;
  double max_seconds;
  bool single; /* one run a round, however short */
} cardinal_patience;

enum {
  CARDINAL_INNER_CANARIES = 256 /* in a round, at most */
};

/* The parts of a round. */
typedef struct cardinal_probes {
  double (*fma)(void *user);    /* runs the FMA loop; gives the peak so far, GFLOP/s */
  double (*canary)(void *user); /* runs the canary; gives its GFLOP/s */
  /* Runs what is measured and fills all of `round` but its canary; gives the canaries in between, and how many. */
  size_t (*subject)(void *user, cardinal_round *round, double canaries[CARDINAL_INNER_CANARIES]);
  double (*clock)(void *user); /* seconds */
  void *user;
} cardinal_probes;

/* Adds rounds to `rounds` until patience ends; false if memory ran out. */
bool cardinal_measure_rounds(const cardinal_probes *probes, const cardinal_patience *patience, cardinal_rounds *rounds);

/* The stopwatch of a run. */
typedef struct cardinal_stopwatch cardinal_stopwatch;

/* To be called by long subjects where they may be interrupted: runs a canary if the last one was 4 ms ago, off the
 * clock.
 */
void cardinal_stopwatch_check(cardinal_stopwatch *watch);

/* Seconds of this run so far, canaries left out. */
double cardinal_stopwatch_seconds(const cardinal_stopwatch *watch);

/* Measures `run` on this machine, in rounds in which it runs for at least 0.2 ms. It must have run once, to warm up;
 * `first_seconds` is what that took, about. */
bool cardinal_measure(cardinal_yardstick *yardstick, void (*run)(void *user, cardinal_stopwatch *watch), void *user,
                      double first_seconds, const cardinal_patience *patience, cardinal_rounds *rounds);

#endif
