/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/median.h"

#include <math.h>

#include "bench/measure.h"

double median(double *values, size_t count) {
  return count ? cardinal_quantile(values, count, 0.5) : NAN;
}
