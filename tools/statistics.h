/* SPDX-License-Identifier: BSD-3-Clause */
/* What two samples of times say about each other. */
#ifndef CARDINAL_TOOLS_STATISTICS_H
#define CARDINAL_TOOLS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* The two-sided p-value of the Mann-Whitney U test (Mann and Whitney 1947): how probable a rank sum as uneven as this
 * one is, if both samples come from the same distribution. Exact where no two values are equal and the samples are
 * small; otherwise by the normal approximation, corrected for ties and for continuity. NAN for an empty sample or
 * without memory. */
double statistics_mann_whitney(const double *a, size_t a_count, const double *b, size_t b_count);

/* Corrects p-values for their number in place (Holm 1979): the chance that any of those called significant is a false
 * alarm stays below the level. Order is kept; NANs aren't counted and stay. False without memory. */
bool statistics_holm(double *p, size_t count);

typedef struct statistics_interval {
  double low, high;
} statistics_interval;

/* The middle 95 % of median(b) / median(a) over 4000 bootstrap resamples of each (Efron 1979), always the same ones.
 * Both have at least one value, all above 0. NANs without memory. */
statistics_interval statistics_ratio_interval(const double *a, size_t a_count, const double *b, size_t b_count);

#endif
