/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measuring on a machine that is shared with others.
 *
 * Every round runs, one right after the other, the FMA peak's loop, the canary (see bench/peak.h), what is measured,
 * and the canary again. A round is quiet if both canaries reached 95 % of the peak; the peak is the best seen in the
 * whole run. Rounds are chosen by the canary alone, never by the result, so choosing can't flatter it.
 */
#ifndef CARDINAL_BENCH_MEASURE_H
#define CARDINAL_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/peak.h"

#define CARDINAL_QUIET_SHARE 0.95

typedef struct cardinal_round {
  double canary;  /* GFLOP/s, the lower of the two */
  double seconds; /* of one run of what is measured */
} cardinal_round;

typedef struct cardinal_measurement {
  /* Medians over the quiet rounds; over all of them if none was quiet. */
  double seconds; /* one run */
  double gflops;
  double peak_pct;
  double spread_pct; /* quartile distance of those rounds' times, in % of their median */
  /* Over all rounds. */
  double canary_pct; /* median of result / canary */
  double peak;       /* GFLOP/s that peak_pct refers to */
  size_t rounds, quiet_rounds;
} cardinal_measurement;

/* `flops` are the nominal floating-point operations of one run. At least one round. False if memory ran out. */
bool cardinal_measure_summarise(const cardinal_round *rounds, size_t count, double peak, double flops,
                                cardinal_measurement *measurement);

/* When to stop: after `quiet_rounds` quiet ones, or when `max_seconds` have passed or `max_rounds` are done; but not
 * before `min_rounds` of any kind. */
typedef struct cardinal_patience {
  size_t min_rounds, quiet_rounds, max_rounds;
  double max_seconds;
} cardinal_patience;

/* The parts of a round. */
typedef struct cardinal_probes {
  double (*fma)(void *user);     /* runs the FMA loop; gives the peak so far, GFLOP/s */
  double (*canary)(void *user);  /* runs the canary; gives its GFLOP/s */
  double (*subject)(void *user); /* runs what is measured; gives the seconds of one run */
  double (*clock)(void *user);   /* seconds */
  void *user;
} cardinal_probes;

/* Runs rounds until patience ends; false if memory ran out. */
bool cardinal_measure_rounds(const cardinal_probes *probes, const cardinal_patience *patience, double flops,
                             cardinal_measurement *measurement);

/* Measures `run` on this machine, in rounds in which it runs for at least 0.2 ms. It must have run once, to warm up;
 * `first_seconds` is what that took, about. */
bool cardinal_measure(cardinal_yardstick *yardstick, void (*run)(void *user), void *user, double first_seconds,
                      const cardinal_patience *patience, double flops, cardinal_measurement *measurement);

#endif
