/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/expectation.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "gauntlet/memory.h"

/* How far a value may be off when it was rounded to the format besides, 8 bits of significand or whole numbers. */
static void round_expected(cardinal_format format, double *exact, double *bound) {
  if (format == CARDINAL_FORMAT_BF16) {
    *bound += 0x1p-8 * (fabs(*exact) + *bound) + (double)FLT_MIN;
  } else if (format == CARDINAL_FORMAT_INT8) {
    *exact = fmin(fmax(*exact, -127.0), 127.0);
    *bound += 0.5;
  }
}

static void expect_other_format(const gauntlet_problem *problem, const data_problem *p, gauntlet_expectation *e) {
  data_check check;
  data_check_start(&check, p, DATA_RANDOM, problem->conv.has_relu);
  for (size_t i = 0; i < p->y_floats; ++i) {
    e->exact[i] = check.reference[i];
    e->bound[i] = isfinite(check.reference[i]) && !(check.bound[i] < (double)FLT_MAX / 4) ? INFINITY : check.bound[i];
    round_expected(p->y_format, &e->exact[i], &e->bound[i]);
  }
  data_check_end(&check);
}

static void expect_conv(const gauntlet_problem *problem, const data_problem *p, gauntlet_expectation *e) {
  if (p->format != CARDINAL_FORMAT_F32) {
    expect_other_format(problem, p, e);
    return;
  }
  cardinal_reference_conv(&p->shape, p->x, p->weights, p->bias, p->residual, problem->conv.has_relu, e->exact,
                          e->bound);
  const size_t products = cardinal_reference_products(&p->shape);
  for (size_t i = 0; i < p->y_floats; ++i) {
    /* A sum near the largest float may overflow in one order and not in another. */
    const bool may_overflow = isfinite(e->exact[i]) && !(e->bound[i] < (double)FLT_MAX / 4);
    e->bound[i] = may_overflow ? INFINITY : cardinal_reference_bound(products, e->bound[i]);
  }
}

/* An average is a sum of K values and one product: the bound of K products holds, scaled. A maximum is exact. */
static void expect_pool(const gauntlet_problem *problem, const gauntlet_operands *operands, gauntlet_expectation *e) {
  const data_problem *p = &operands->data;
  const size_t pixels = p->shape.in_height * p->shape.in_width;
  for (size_t i = 0; i < p->y_floats; ++i) {
    e->exact[i] = (double)e->canonical[i];
    if (problem->operation == CARDINAL_PLUGIN_MAX_POOL)
      continue;
    double sum = 0.0, magnitude = 0.0;
    for (size_t pixel = 0; pixel < pixels; ++pixel) {
      sum += (double)p->x[i * pixels + pixel];
      magnitude += fabs((double)p->x[i * pixels + pixel]);
    }
    e->exact[i] = p->format == CARDINAL_FORMAT_INT8 ? sum * (double)operands->pool_scale : sum / (double)pixels;
    e->bound[i] = isfinite(sum) && !(magnitude < (double)FLT_MAX / 4)
                      ? INFINITY
                      : cardinal_reference_bound(pixels, magnitude) / (double)pixels;
    if (p->format == CARDINAL_FORMAT_INT8)
      e->bound[i] = cardinal_reference_bound(1, magnitude * (double)operands->pool_scale);
    round_expected(p->format, &e->exact[i], &e->bound[i]);
  }
}

gauntlet_expectation gauntlet_expect(const gauntlet_problem *problem, const gauntlet_operands *operands) {
  const data_problem *p = &operands->data;
  gauntlet_expectation e = {.canonical = gauntlet_expected(problem, operands),
                            .exact = gauntlet_allocate(p->y_floats, sizeof(double)),
                            .bound = gauntlet_allocate(p->y_floats, sizeof(double))};
  if (problem->operation == CARDINAL_PLUGIN_CONV)
    expect_conv(problem, p, &e);
  else
    expect_pool(problem, operands, &e);
  return e;
}

void gauntlet_expectation_free(gauntlet_expectation *e) {
  free(e->canonical);
  free(e->exact);
  free(e->bound);
}
