/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/data.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/memory.h"

const char *data_kind_name(data_kind kind) {
  static const char *const names[] = {"random", "integers",      "hot input", "hot weight",
                                      "hard",   "negative zero", "special",   "tiny"};
  return names[kind];
}

bool data_kind_exact(data_kind kind) {
  return kind == DATA_INTEGERS || kind == DATA_HOT_INPUT || kind == DATA_HOT_WEIGHT || kind == DATA_NEGATIVE_ZERO;
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* What a value is to the problem. */
typedef enum value_role {
  ROLE_X,
  ROLE_WEIGHT,
  ROLE_BIAS,
  ROLE_RESIDUAL
} value_role;

/* With an exponent that is even over a range. */
static float scaled(gauntlet_random *random, int least, int most) {
  const float significand = 1.0f + (float)(gauntlet_u32(random) >> 9) * 0x1p-23f;
  const float value = ldexpf(significand, (int)gauntlet_integer(random, least, most));
  return gauntlet_u32(random) & 1 ? -value : value;
}

static float draw_f32(data_kind kind, value_role role, gauntlet_random *random) {
  switch (kind) {
  case DATA_INTEGERS:
    return (float)gauntlet_integer(random, -8, 8);
  case DATA_HARD:
    return gauntlet_hard_float(random);
  case DATA_SPECIAL:
    return gauntlet_special_float(random);
  case DATA_TINY: /* products around 2^-126 */
    return role == ROLE_X || role == ROLE_WEIGHT ? scaled(random, -67, -60) : scaled(random, -126, -124);
  default:
    return gauntlet_uniform(random);
  }
}

/* Exponents differ, so that short significands fill the sums' long ones. */
static float draw_bf16(data_kind kind, value_role role, gauntlet_random *random) {
  switch (kind) {
  case DATA_HARD: /* half of them over all exponents whose products are finite */
    return gauntlet_between(random, 0, 1) ? scaled(random, FLT_MIN_EXP - 1, 63) : gauntlet_hard_float(random);
  case DATA_RANDOM:
  case DATA_HOT_INPUT:
  case DATA_HOT_WEIGHT:
    return scaled(random, -8, 8);
  default:
    return draw_f32(kind, role, random);
  }
}

/* The value of bf16 that is next to a float in the direction of zero: what is finite stays finite, and NaNs of both
 * signs NaNs. Through memory, since gcc 12 drops a mask, or a shift to the right and back, of a float in a register. */
static float cut_to_bf16(float value) {
  volatile union {
    float value;
    uint32_t bits;
  } cut = {.value = isnan(value) ? copysignf(NAN, value) : value};
  cut.bits &= UINT32_C(0xFFFF0000);
  return cut.value;
}

/* x and weights of int8; residuals in int8. */
static float draw_int8(data_kind kind, value_role role, gauntlet_random *random) {
  const int64_t most = kind == DATA_INTEGERS ? 8 : 127;
  const int64_t least = role == ROLE_X ? 0 : -most;
  switch (kind) {
  case DATA_HARD: /* the ends, two times out of three */
    if (gauntlet_between(random, 0, 2))
      return (float)(gauntlet_between(random, 0, 1) ? least : most);
    return (float)gauntlet_integer(random, least, most);
  case DATA_SPECIAL:
    return role == ROLE_RESIDUAL ? (float)gauntlet_integer(random, least, most) : 127.0f;
  case DATA_NEGATIVE_ZERO:
    return role == ROLE_WEIGHT ? 1.0f : 0.0f;
  default:
    return (float)gauntlet_integer(random, least, most);
  }
}

/* What int8's sums, scaled, are added to: bias, and residuals in f32, on a scale where 127 is the end. */
static float draw_int8_addend(data_kind kind, gauntlet_random *random) {
  static const float hard[] = {0.0f, -0.0f, 1e30f, -1e30f, 0.5f, 126.5f, -127.5f, 127.49f, 0x1p-149f, -0x1p-140f};
  switch (kind) {
  case DATA_INTEGERS:
    return (float)gauntlet_integer(random, -60, 60);
  case DATA_HARD:
    return hard[gauntlet_between(random, 0, sizeof hard / sizeof hard[0] - 1)];
  case DATA_NEGATIVE_ZERO:
    return -0.0f;
  case DATA_TINY:
    return gauntlet_uniform(random) * 0x1p-120f;
  default:
    return gauntlet_uniform(random) * 50.0f;
  }
}

static float draw(const data_wish *wish, value_role role, gauntlet_random *random) {
  const bool multiplied = role == ROLE_X || role == ROLE_WEIGHT;
  const cardinal_format format = multiplied              ? wish->format
                                 : role == ROLE_RESIDUAL ? wish->y_format
                                                         : CARDINAL_FORMAT_F32;
  if (format == CARDINAL_FORMAT_INT8)
    return draw_int8(wish->kind, role, random);
  if (wish->format == CARDINAL_FORMAT_INT8)
    return draw_int8_addend(wish->kind, random);
  if (wish->kind == DATA_NEGATIVE_ZERO)
    return role == ROLE_WEIGHT ? 1.0f : -0.0f;
  if (wish->format == CARDINAL_FORMAT_F32)
    return draw_f32(wish->kind, role, random);
  const float value = draw_bf16(wish->kind, role, random);
  return format == CARDINAL_FORMAT_BF16 ? cut_to_bf16(value) : role == ROLE_BIAS ? gauntlet_flush(value) : value;
}

static void fill(float *values, size_t count, const data_wish *wish, value_role role, gauntlet_random *random) {
  for (size_t i = 0; values && i < count; ++i)
    values[i] = draw(wish, role, random);
}

/* Scales that bring int8's sums of K products to where rounding, and the ends of the range, show. */
static float draw_scale(const data_wish *wish, gauntlet_random *random) {
  static const float hard[] = {FLT_MAX, 1e30f, 1e-30f, FLT_TRUE_MIN, 0.01f, 1.0f};
  static const float halves[] = {0.25f, 0.5f, 1.0f}, hot[] = {0x1p-6f, 0x1p-7f};
  const double products = (double)cardinal_reference_products(&wish->shape);
  const double spread = 1.0 + 0.8 * (double)gauntlet_uniform(random);
  switch (wish->kind) {
  case DATA_INTEGERS:
    return halves[gauntlet_between(random, 0, 2)];
  case DATA_HOT_INPUT:
  case DATA_HOT_WEIGHT:
    return hot[gauntlet_between(random, 0, 1)];
  case DATA_HARD:
    return hard[gauntlet_between(random, 0, sizeof hard / sizeof hard[0] - 1)];
  case DATA_NEGATIVE_ZERO:
    return -1.0f; /* no plan has one below zero, but only so the product with a sum of zero is -0 */
  case DATA_SPECIAL:
    return (float)(spread / (127.0 * products));
  case DATA_TINY:
    return (float)(spread * 0x1p-136);
  default:
    return (float)(spread * 90.0 / (4700.0 * sqrt(products)));
  }
}

static void draw_scales(data_problem *p, const data_wish *wish, gauntlet_random *random) {
  static const float few[] = {0.5f, 1.0f, 2.0f};
  if (p->format != CARDINAL_FORMAT_INT8)
    return;
  p->scale = gauntlet_allocate(p->bias_floats, sizeof(float));
  for (size_t o = 0; o < p->bias_floats; ++o)
    p->scale[o] = draw_scale(wish, random);
  if (wish->kind == DATA_NEGATIVE_ZERO)
    p->residual_scale = p->y_format == CARDINAL_FORMAT_INT8 ? -1.0f : 1.0f; /* times 0, and times -0 */
  else
    p->residual_scale =
        data_kind_exact(wish->kind) ? few[gauntlet_between(random, 0, 2)] : 0.9f + 0.8f * gauntlet_uniform(random);
}

float data_draw_for_pool(cardinal_format format, data_kind kind, gauntlet_random *random) {
  float value;
  if (format == CARDINAL_FORMAT_INT8)
    return (float)(kind == DATA_INTEGERS ? gauntlet_integer(random, -3, 3)
                   : kind == DATA_HARD   ? gauntlet_integer(random, 0, 1) * 254 - 127
                                         : gauntlet_integer(random, -127, 127));
  if (kind == DATA_INTEGERS)
    value = (float)gauntlet_integer(random, -3, 3) * (gauntlet_between(random, 0, 1) ? 1.0f : -1.0f);
  else if (kind == DATA_HARD)
    value = gauntlet_hard_float(random);
  else
    value = kind == DATA_SPECIAL ? gauntlet_special_float(random) : gauntlet_uniform(random);
  return format == CARDINAL_FORMAT_BF16 ? cut_to_bf16(value) : value;
}

/* ---- problems -------------------------------------------------------------------------------------------------- */

/* Whether tap `k` of a direction lies inside the image for any output. */
static bool tap_used(size_t out, size_t stride, size_t k, size_t dilation, size_t pad, size_t in) {
  for (size_t o = 0; o < out; ++o) {
    const int64_t position = (int64_t)(o * stride + k * dilation) - (int64_t)pad;
    if (position >= 0 && position < (int64_t)in)
      return true;
  }
  return false;
}

static float poison(const data_problem *p, size_t at) {
  return p->format == CARDINAL_FORMAT_INT8 ? -127.0f : at % 2 ? INFINITY : NAN;
}

static void poison_skipped_taps(data_problem *p) {
  const cardinal_reference_shape *s = &p->shape;
  const size_t taps = s->window.kernel_h * s->window.kernel_w;
  for (size_t ky = 0; ky < s->window.kernel_h; ++ky)
    for (size_t kx = 0; kx < s->window.kernel_w; ++kx)
      if (!tap_used(s->out_height, s->window.stride_h, ky, s->window.dilation_h, s->window.pad_top, s->in_height) ||
          !tap_used(s->out_width, s->window.stride_w, kx, s->window.dilation_w, s->window.pad_left, s->in_width))
        for (size_t oc = 0; oc < p->weight_floats / taps; ++oc)
          p->weights[oc * taps + ky * s->window.kernel_w + kx] = poison(p, oc);
}

/* The largest sums: of every other output channel they are the least ones. */
static void alternate_signs(data_problem *p) {
  const size_t each = p->weight_floats / p->shape.out_channels;
  for (size_t i = 0; i < p->weight_floats; ++i)
    if (i / each % 2)
      p->weights[i] = -p->weights[i];
}

static void fill_all(data_problem *p, const data_wish *wish, gauntlet_random *random) {
  switch (wish->kind) {
  case DATA_HOT_INPUT:
    p->x[gauntlet_between(random, 0, p->x_floats - 1)] = draw(wish, ROLE_X, random);
    fill(p->weights, p->weight_floats, wish, ROLE_WEIGHT, random);
    break;
  case DATA_HOT_WEIGHT:
    fill(p->x, p->x_floats, wish, ROLE_X, random);
    p->weights[gauntlet_between(random, 0, p->weight_floats - 1)] = draw(wish, ROLE_WEIGHT, random);
    break;
  default:
    fill(p->x, p->x_floats, wish, ROLE_X, random);
    fill(p->weights, p->weight_floats, wish, ROLE_WEIGHT, random);
    fill(p->bias, p->bias_floats, wish, ROLE_BIAS, random);
    fill(p->residual, p->y_floats, wish, ROLE_RESIDUAL, random);
  }
}

void data_problem_make(data_problem *p, const data_wish *wish, gauntlet_random *random) {
  const cardinal_reference_shape *s = &wish->shape;
  *p = (data_problem){.shape = *s, .format = wish->format, .y_format = wish->y_format};
  p->x_floats = s->batch * s->in_channels * s->in_height * s->in_width;
  p->weight_floats = s->out_channels * (s->in_channels / s->groups) * s->window.kernel_h * s->window.kernel_w;
  p->bias_floats = s->out_channels;
  p->y_floats = s->batch * s->out_channels * s->out_height * s->out_width;
  p->x = gauntlet_allocate(p->x_floats, sizeof(float));
  p->weights = gauntlet_allocate(p->weight_floats, sizeof(float));
  p->bias = gauntlet_allocate(p->bias_floats, sizeof(float));
  p->residual = wish->residual ? gauntlet_allocate(p->y_floats, sizeof(float)) : NULL;

  fill_all(p, wish, random);
  draw_scales(p, wish, random);
  if (wish->format == CARDINAL_FORMAT_INT8 && wish->kind == DATA_SPECIAL)
    alternate_signs(p);
  if (data_kind_exact(wish->kind))
    poison_skipped_taps(p);
}

void data_problem_free(data_problem *p) {
  free(p->x);
  free(p->weights);
  free(p->bias);
  free(p->residual);
  free(p->scale);
}
