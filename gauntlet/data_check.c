/* SPDX-License-Identifier: BSD-3-Clause */
/* What double precision says of outputs. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "gauntlet/data.h"
#include "gauntlet/memory.h"

/* As cardinal_reference_bound for f32, but a step whose result is subnormal may lose all of it. */
static double bound_of_bf16(size_t products, double magnitude) {
  return cardinal_reference_bound(products, magnitude) + ((double)products + 2.0) * (double)FLT_MIN;
}

/* int8's sums are exact in double precision as well (less than 2^53); the sum in float, its fused multiply-add and the
 * residual's round once each. */
static void finish_int8(data_check *check) {
  const data_problem *p = check->problem;
  const size_t pixels = p->shape.out_height * p->shape.out_width;
  for (size_t at = 0; at < p->y_floats; ++at) {
    const size_t o = at / pixels % p->shape.out_channels;
    const double scaled = check->reference[at] * (double)p->scale[o];
    const double residual = p->residual ? (double)p->residual[at] * (double)p->residual_scale : -0.0;
    const double t = scaled + (double)p->bias[o] + residual;
    check->bound[at] = cardinal_reference_bound(1, fabs(scaled) + fabs((double)p->bias[o]) + fabs(residual));
    check->reference[at] = check->relu && t < 0.0 ? 0.0 : t;
  }
}

static float *flushed(const float *values, size_t count) {
  float *copy = gauntlet_allocate(count, sizeof *copy);
  for (size_t i = 0; i < count; ++i)
    copy[i] = gauntlet_flush(values[i]);
  return copy;
}

/* Subnormal factors are zeros, also of infinities. */
static void refer_bf16(data_check *check) {
  const data_problem *p = check->problem;
  float *x = flushed(p->x, p->x_floats), *weights = flushed(p->weights, p->weight_floats);
  cardinal_reference_conv(&p->shape, x, weights, p->bias, p->residual, check->relu, check->reference, check->bound);
  const size_t products = cardinal_reference_products(&p->shape);
  for (size_t at = 0; at < p->y_floats; ++at)
    check->bound[at] = bound_of_bf16(products, check->bound[at]);
  free(x);
  free(weights);
}

void data_check_start(data_check *check, const data_problem *p, data_kind kind, int relu) {
  *check = (data_check){.problem = p, .kind = kind, .relu = relu};
  if (kind == DATA_HARD || (kind == DATA_SPECIAL && p->format != CARDINAL_FORMAT_INT8))
    return;
  check->reference = gauntlet_allocate(p->y_floats, sizeof(double));
  check->bound = gauntlet_allocate(p->y_floats, sizeof(double));
  if (p->format == CARDINAL_FORMAT_INT8) {
    cardinal_reference_conv(&p->shape, p->x, p->weights, NULL, NULL, 0, check->reference, NULL);
    finish_int8(check);
    return;
  }
  if (p->format == CARDINAL_FORMAT_BF16) {
    refer_bf16(check);
    return;
  }
  cardinal_reference_conv(&p->shape, p->x, p->weights, p->bias, p->residual, relu, check->reference, check->bound);
  const size_t products = cardinal_reference_products(&p->shape);
  for (size_t at = 0; at < p->y_floats; ++at)
    check->bound[at] = cardinal_reference_bound(products, check->bound[at]);
}

void data_check_end(data_check *check) {
  free(check->reference);
  free(check->bound);
}

static bool same_number(const data_check *check, size_t at, float value) {
  const data_problem *p = check->problem;
  float expected = (float)check->reference[at];
  if (p->format == CARDINAL_FORMAT_BF16) /* whose cells' missing channels add a zero of another sign */
    return value == gauntlet_round(p->y_format, gauntlet_flush(expected));
  return gauntlet_same(value, gauntlet_round(p->y_format, expected));
}

static bool near_number(const data_check *check, size_t at, float value) {
  const double exact = check->reference[at], bound = check->bound[at];
  switch (check->problem->y_format) {
  case CARDINAL_FORMAT_BF16: /* 8 bits of significand */
    return fabs((double)value - exact) <= bound + 0x1p-8 * (fabs(exact) + bound) + (double)FLT_MIN;
  case CARDINAL_FORMAT_INT8:
    return fabs((double)value - fmin(fmax(exact, -127.0), 127.0)) <= 0.5 + bound;
  default:
    return fabs((double)value - exact) <= bound;
  }
}

bool data_check_value(const data_check *check, size_t at, float value) {
  if (!check->reference)
    return true;
  return data_kind_exact(check->kind) ? same_number(check, at, value) : near_number(check, at, value);
}
