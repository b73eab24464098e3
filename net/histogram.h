/* SPDX-License-Identifier: BSD-3-Clause */
/* How large the numbers of a tensor are, and where a range of 127 steps had best end. */
#ifndef CARDINAL_NET_HISTOGRAM_H
#define CARDINAL_NET_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CARDINAL_BINS = 4096,
  CARDINAL_STEPS = 127 /* from 0 to the end of a range */
};

/* Of magnitudes, in bins of equal width from 0 to a power of two, so that what comes of many tensors doesn't depend on
 * their order. All zeros: empty. */
typedef struct cardinal_histogram {
  double top;     /* where the last bin ends; 0: nothing but zeros so far */
  double largest; /* magnitude */
  double square_sum;
  uint64_t count; /* zeros included */
  uint64_t bins[CARDINAL_BINS];
} cardinal_histogram;

/* Counts `count` numbers. False, and nothing is counted, if one isn't finite. */
bool cardinal_histogram_add(cardinal_histogram *histogram, const float *values, size_t count);

/* The end of a range that leaves out at most a share of `left_out` of all numbers; at least one number's magnitude is
 * in it. 1 if there are only zeros. */
double cardinal_histogram_percentile(const cardinal_histogram *histogram, double left_out);

/* The end of the range whose 127 steps have the least sum of squared errors, of 256 that are tried. 1 if there are only
 * zeros. */
double cardinal_histogram_least_error(const cardinal_histogram *histogram);

/* What a range that ends at `end` does to the numbers. */
typedef struct cardinal_range_effect {
  double clipped;     /* the share of them that are beyond it */
  double noise_ratio; /* sum of squares over sum of squared errors, infinite without errors */
} cardinal_range_effect;

cardinal_range_effect cardinal_histogram_effect(const cardinal_histogram *histogram, double end);

#endif /* CARDINAL_NET_HISTOGRAM_H */
