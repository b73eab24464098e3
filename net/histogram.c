/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/histogram.h"

#include <math.h>
#include <string.h>

/* The bits of the largest magnitude: they order as the magnitudes do, with infinity and NaN at the end. */
static uint32_t largest_bits(const float *values, size_t count) {
  uint32_t largest = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    bits &= 0x7FFFFFFFu;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

/* Makes the bins twice as wide. */
static void widen(cardinal_histogram *h) {
  for (size_t i = 0; i < CARDINAL_BINS / 2; i++)
    h->bins[i] = h->bins[2 * i] + h->bins[2 * i + 1];
  memset(h->bins + CARDINAL_BINS / 2, 0, CARDINAL_BINS / 2 * sizeof h->bins[0]);
  h->top *= 2;
}

bool cardinal_histogram_add(cardinal_histogram *h, const float *values, size_t count) {
  const uint32_t bits = largest_bits(values, count);
  if (bits >= 0x7F800000u)
    return false;
  float largest;
  memcpy(&largest, &bits, sizeof largest);
  h->count += count;
  if (!bits)
    return true;
  int exponent;
  frexp(largest, &exponent); /* largest < 2^exponent */
  if (h->top == 0)
    h->top = ldexp(1, exponent);
  while (h->top <= largest)
    widen(h);
  h->largest = largest > h->largest ? largest : h->largest;
  const double per_bin = CARDINAL_BINS / h->top;
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    const double magnitude = fabs((double)values[i]);
    h->bins[(size_t)(magnitude * per_bin)] += magnitude > 0;
    squares += magnitude * magnitude;
  }
  h->square_sum += squares;
  return true;
}

double cardinal_histogram_percentile(const cardinal_histogram *h, double left_out) {
  if (h->top == 0)
    return 1;
  uint64_t above = 0;
  for (size_t i = CARDINAL_BINS; i-- > 0;) {
    above += h->bins[i];
    if ((double)above > left_out * (double)h->count) {
      const double end = (double)(i + 1) * h->top / CARDINAL_BINS;
      return end < h->largest ? end : h->largest;
    }
  }
  return h->largest;
}

/* The numbers of a bin are taken to lie evenly in it: their squared error is that of its middle, and a twelfth of its
 * width squared. */
static double squared_errors(const cardinal_histogram *h, double end) {
  const double width = h->top / CARDINAL_BINS, step = end / CARDINAL_STEPS;
  double sum = 0;
  for (size_t i = 0; i < CARDINAL_BINS; i++) {
    if (!h->bins[i])
      continue;
    const double middle = ((double)i + 0.5) * width;
    const double nearest = fmin(nearbyint(middle / step), CARDINAL_STEPS) * step;
    sum += (double)h->bins[i] * ((middle - nearest) * (middle - nearest) + width * width / 12);
  }
  return sum;
}

double cardinal_histogram_least_error(const cardinal_histogram *h) {
  enum {
    TRIED = 256
  };
  if (h->top == 0)
    return 1;
  double best = h->largest, least = squared_errors(h, best);
  for (int i = TRIED - 1; i > 0; i--) {
    const double end = h->largest * i / TRIED, errors = squared_errors(h, end);
    if (errors < least) {
      least = errors;
      best = end;
    }
  }
  return best;
}

cardinal_range_effect cardinal_histogram_effect(const cardinal_histogram *h, double end) {
  cardinal_range_effect effect = {.noise_ratio = INFINITY};
  if (h->top == 0)
    return effect;
  uint64_t beyond = 0;
  for (size_t i = 0; i < CARDINAL_BINS; i++)
    if ((double)i * h->top / CARDINAL_BINS >= end)
      beyond += h->bins[i];
  effect.clipped = (double)beyond / (double)h->count;
  effect.noise_ratio = h->square_sum / squared_errors(h, end);
  return effect;
}
