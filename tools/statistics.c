/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/random.h"

enum {
  MOST_EXACT = 2500, /* pairs of values, up to which all orders are counted */
  RESAMPLES = 4000
};

typedef struct ranked {
  double value;
  size_t index;
} ranked;

static int by_value(const void *a, const void *b) {
  const double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
  return (x > y) - (x < y);
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* ---- Mann-Whitney ------------------------------------------------------------------------------------------------ */

/* The probability of a U of at most `u` when all orders of the values are as probable. The number of orders of n and m
 * values that have a certain U obeys count(n, m, U) = count(n - 1, m, U - m) + count(n, m - 1, U): row by row of m. */
static double exact_tail(size_t n, size_t m, size_t u) {
  double *count = calloc((n + 1) * (u + 1), sizeof *count);
  if (!count)
    return NAN;
  for (size_t i = 0; i <= n; ++i)
    count[i * (u + 1)] = 1; /* m = 0: the only order has a U of 0 */
  double orders = 1;
  for (size_t j = 1; j <= m; ++j) {
    for (size_t i = 1; i <= n; ++i)
      for (size_t k = j; k <= u; ++k)
        count[i * (u + 1) + k] += count[(i - 1) * (u + 1) + k - j];
    orders *= (double)(n + j) / (double)j;
  }
  double tail = 0;
  for (size_t k = 0; k <= u; ++k)
    tail += count[n * (u + 1) + k];
  free(count);
  return tail / orders;
}

/* The rank sum of the first `a_count` indices, ranks of equal values shared; the sum of t³ - t over ties of t. */
static double rank_sum(const ranked *sorted, size_t count, size_t a_count, double *ties) {
  double sum = 0;
  *ties = 0;
  for (size_t first = 0, end; first < count; first = end) {
    size_t of_a = 0;
    for (end = first; end < count && sorted[end].value == sorted[first].value; ++end)
      of_a += sorted[end].index < a_count;
    const double tied = (double)(end - first);
    sum += (double)of_a * (double)(first + 1 + end) / 2;
    *ties += tied * tied * tied - tied;
  }
  return sum;
}

double statistics_mann_whitney(const double *a, size_t a_count, const double *b, size_t b_count) {
  const size_t count = a_count + b_count;
  ranked *sorted = malloc((count + 1) * sizeof *sorted);
  if (!sorted || !a_count || !b_count) {
    free(sorted);
    return NAN;
  }
  for (size_t i = 0; i < count; ++i)
    sorted[i] = (ranked){i < a_count ? a[i] : b[i - a_count], i};
  qsort(sorted, count, sizeof *sorted, by_value);
  const double n = (double)a_count, m = (double)b_count, all = n + m;
  double ties;
  const double u_of_a = rank_sum(sorted, count, a_count, &ties) - n * (n + 1) / 2;
  const double u = fmin(u_of_a, n * m - u_of_a); /* the smaller side's */
  free(sorted);
  if (ties == 0 && a_count * b_count <= MOST_EXACT)
    return fmin(1, 2 * exact_tail(a_count, b_count, (size_t)u));
  const double deviation = sqrt(n * m / 12 * (all + 1 - ties / (all * (all - 1))));
  if (!(deviation > 0))
    return 1; /* all values are equal */
  return fmin(1, erfc((n * m / 2 - u - 0.5) / deviation / sqrt(2)));
}

/* ---- Holm -------------------------------------------------------------------------------------------------------- */

bool statistics_holm(double *p, size_t count) {
  ranked *sorted = malloc((count + 1) * sizeof *sorted);
  if (!sorted)
    return false;
  size_t known = 0;
  for (size_t i = 0; i < count; ++i)
    if (!isnan(p[i]))
      sorted[known++] = (ranked){p[i], i};
  qsort(sorted, known, sizeof *sorted, by_value);
  double least = 0;
  for (size_t i = 0; i < known; ++i) {
    least = fmin(1, fmax(least, (double)(known - i) * sorted[i].value));
    p[sorted[i].index] = least;
  }
  free(sorted);
  return true;
}

/* ---- bootstrap --------------------------------------------------------------------------------------------------- */

/* The median of as many draws from sorted values: `drawn` counts how often each came. */
static double resampled_median(const double *sorted, size_t count, size_t *drawn, gauntlet_random *random) {
  memset(drawn, 0, count * sizeof *drawn);
  for (size_t i = 0; i < count; ++i)
    ++drawn[gauntlet_between(random, 0, count - 1)];
  const size_t lower = (count - 1) / 2, upper = count / 2;
  size_t passed = 0, at = 0;
  while (passed + drawn[at] <= lower)
    passed += drawn[at++];
  const double low = sorted[at];
  while (passed + drawn[at] <= upper)
    passed += drawn[at++];
  return (low + sorted[at]) / 2;
}

static double *sorted_copy(const double *values, size_t count) {
  double *copy = malloc((count + 1) * sizeof *copy);
  if (!copy)
    return NULL;
  memcpy(copy, values, count * sizeof *copy);
  qsort(copy, count, sizeof *copy, ascending);
  return copy;
}

statistics_interval statistics_ratio_interval(const double *a, size_t a_count, const double *b, size_t b_count) {
  statistics_interval interval = {NAN, NAN};
  double *a_sorted = sorted_copy(a, a_count), *b_sorted = sorted_copy(b, b_count);
  double *ratios = malloc(RESAMPLES * sizeof *ratios);
  size_t *drawn = malloc((a_count + b_count) * sizeof *drawn);
  if (a_sorted && b_sorted && ratios && drawn) {
    gauntlet_random random = gauntlet_seeded(1, 0);
    for (size_t i = 0; i < RESAMPLES; ++i) {
      const double old = resampled_median(a_sorted, a_count, drawn, &random);
      ratios[i] = resampled_median(b_sorted, b_count, drawn, &random) / old;
    }
    qsort(ratios, RESAMPLES, sizeof *ratios, ascending);
    interval = (statistics_interval){ratios[RESAMPLES / 40], ratios[RESAMPLES - 1 - RESAMPLES / 40]};
  }
  free(a_sorted);
  free(b_sorted);
  free(ratios);
  free(drawn);
  return interval;
}
