/* SPDX-License-Identifier: BSD-3-Clause */
/* Known values: SciPy 1.17.1 (scipy.stats.mannwhitneyu, alternative "two-sided", and scipy.stats.bootstrap, method
 * "percentile", 99999 resamples) and statsmodels 0.15.0 (multipletests, method "holm"). */
#include <criterion/criterion.h>
#include <math.h>

#include "tools/statistics.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_p(const double *a, size_t a_count, const double *b, size_t b_count, double p) {
  const double found = statistics_mann_whitney(a, a_count, b, b_count);
  cr_expect(fabs(found - p) <= 1e-12 * p, "p %.17g, expected %.17g", found, p);
  const double swapped = statistics_mann_whitney(b, b_count, a, a_count);
  cr_expect(fabs(swapped - p) <= 1e-12 * p, "the other way round: p %.17g, expected %.17g", swapped, p);
}

/* 20 and 25 draws from normal distributions whose means differ by 0.8 of their deviation. */
static const double normal[] = {101.83, 96.92, 100.96, 100.07, 101.32, 100.39, 101.83, 100.03, 99.48,  100.58,
                                100.43, 99.64, 99.75,  100.72, 100.7,  99.51,  99.63,  98.19,  101.68, 99.78};
static const double shifted[] = {102.14, 101.22, 102.74, 102.34, 101.12, 102.28, 99.85,  102.06, 99.32,
                                 101.14, 101.86, 101.02, 100.43, 99.99,  100.46, 101.85, 101.69, 100.54,
                                 99.55,  101.47, 99.35,  100.27, 100.07, 101.54, 101.04};

Test(statistics, small_samples_are_exact) {
  const double a[] = {1.1, 2.2, 3.3, 4.4, 5.5}, b[] = {2.0, 3.1, 6.4, 7.2, 8.8, 9.9};
  expect_p(a, COUNT(a), b, COUNT(b), 0.17748917748917747);
  const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};
  expect_p(low, 5, high, 5, 0.007936507936507936);
}

Test(statistics, ties_share_ranks_and_correct_the_deviation) {
  const double a[] = {1, 2, 2, 3, 3, 3, 4, 5, 5, 6}, b[] = {3, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 9};
  expect_p(a, COUNT(a), b, COUNT(b), 0.010345029471991032);
  expect_p(normal, COUNT(normal), shifted, COUNT(shifted), 0.021686825361581768);
}

Test(statistics, equal_samples_differ_in_nothing) {
  const double same[] = {5, 5, 5, 5, 5};
  expect_p(same, 5, same, 5, 1);
  expect_p(normal, COUNT(normal), normal, COUNT(normal), 1);
}

/* Two samples of 60 without ties, which lie apart: too many orders to count. */
Test(statistics, large_samples_take_the_normal_distribution) {
  double a[60], b[60];
  for (size_t i = 0; i < 60; ++i) {
    a[i] = (double)i;
    b[i] = (double)i + 100;
  }
  const double p = statistics_mann_whitney(a, 60, b, 60);
  cr_expect(fabs(p - 3.5565709749847226e-21) <= 1e-9 * p, "%.17g", p);
}

Test(statistics, nothing_is_no_sample) {
  cr_expect(isnan(statistics_mann_whitney(normal, 0, shifted, COUNT(shifted))));
}

Test(statistics, holm_corrects_step_by_step) {
  double p[] = {0.01, 0.04, NAN, 0.03, 0.005, 0.2};
  const double expected[] = {0.04, 0.09, NAN, 0.09, 0.025, 0.2};
  cr_assert(statistics_holm(p, COUNT(p)));
  for (size_t i = 0; i < COUNT(p); ++i)
    cr_expect(isnan(expected[i]) ? isnan(p[i]) : fabs(p[i] - expected[i]) < 1e-12, "%zu: %g", i, p[i]);
  double large[] = {0.5, 0.6, 0.0001, 0.04};
  const double large_expected[] = {1, 1, 0.0004, 0.12};
  cr_assert(statistics_holm(large, COUNT(large)));
  for (size_t i = 0; i < COUNT(large); ++i)
    cr_expect(fabs(large[i] - large_expected[i]) < 1e-12, "%zu: %g", i, large[i]);
}

Test(statistics, the_interval_is_the_bootstraps) {
  /* SciPy: 0.999552 to 1.016595 or, with other seeds, 1.016937. */
  const statistics_interval found = statistics_ratio_interval(normal, COUNT(normal), shifted, COUNT(shifted));
  cr_expect(fabs(found.low - 0.99955) < 0.0006, "%.6f", found.low);
  cr_expect(fabs(found.high - 1.0168) < 0.0006, "%.6f", found.high);
  const statistics_interval again = statistics_ratio_interval(normal, COUNT(normal), shifted, COUNT(shifted));
  cr_expect(found.low == again.low && found.high == again.high, "the resamples are always the same");
  const double one[] = {2}, other[] = {3};
  const statistics_interval point = statistics_ratio_interval(one, 1, other, 1);
  cr_expect(point.low == 1.5 && point.high == 1.5);
}

/* Even counts have their median between two values. */
Test(statistics, even_counts_have_a_median_between) {
  const double a[] = {1, 1, 1, 1}, b[] = {2, 2, 4, 4};
  const statistics_interval found = statistics_ratio_interval(a, 4, b, 4);
  cr_expect(found.low == 2 && found.high == 4, "%g to %g", found.low, found.high);
}
