/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolutions and pools of bf16 and int8 as whole operators: formats and layouts of the tensors, scales, epilogues,
 * against the definition, computed on plain tensors. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/cardinal.h>

#include "gauntlet/random.h"
#include "kernels/format.h"
#include "kernels/kernel.h"
#include "ops/tensor.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

/* Numbers are held as floats, which hold those of all formats; tensors are NCHW. */
typedef struct problem {
  cardinal_conv_desc d;
  size_t in_per_group, out_height, out_width, x_count, w_count, y_count;
  float *x, *weights, *bias, *residual, *scales, *expected;
} problem;

static size_t bytes_of(cardinal_format format) {
  return cardinal_format_size(format);
}

static void store(cardinal_format format, void *numbers, size_t at, float value) {
  char *to = (char *)numbers + at * bytes_of(format);
  if (format == CARDINAL_FORMAT_F32) {
    memcpy(to, &value, sizeof value);
  } else if (format == CARDINAL_FORMAT_BF16) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    cr_assert_eq(bits & 0xFFFFu, 0u, "%a isn't a bf16", (double)value);
    const uint16_t upper = (uint16_t)(bits >> 16);
    memcpy(to, &upper, sizeof upper);
  } else {
    *(int8_t *)to = (int8_t)value; /* a char is unsigned on Arm */
  }
}

static float draw(cardinal_format format, gauntlet_random *random, int64_t least) {
  if (format == CARDINAL_FORMAT_INT8)
    return (float)gauntlet_integer(random, least, 127);
  const float value = gauntlet_uniform(random);
  return format == CARDINAL_FORMAT_BF16 ? cardinal_bf16_to_f32(cardinal_bf16_of_f32(value)) : value;
}

/* acc of output (n, o, oy, ox) as the definition has it: floats, or an exact integer. */
static double sum_of(const problem *p, size_t n, size_t o, size_t oy, size_t ox) {
  const cardinal_conv_desc *d = &p->d;
  const size_t out_per_group = (size_t)(d->out_channels / d->groups), cell = CARDINAL_CELL_BYTES / bytes_of(d->format);
  const size_t taps = (size_t)(d->kernel_height * d->kernel_width);
  float acc = d->format == CARDINAL_FORMAT_BF16 && p->bias ? p->bias[o] : 0.0f;
  int64_t exact = 0;
  for (size_t first = 0; first < p->in_per_group; first += CARDINAL_BLOCK)
    for (size_t ky = 0; ky < (size_t)d->kernel_height; ++ky)
      for (size_t c = first; c < p->in_per_group && c < first + CARDINAL_BLOCK; c += cell)
        for (size_t kx = 0; kx < (size_t)d->kernel_width; ++kx) {
          const int64_t iy = (int64_t)(oy * (size_t)d->stride_height + ky * (size_t)d->dilation_height) - d->pad_top;
          const int64_t ix = (int64_t)(ox * (size_t)d->stride_width + kx * (size_t)d->dilation_width) - d->pad_left;
          if (iy < 0 || ix < 0 || iy >= d->in_height || ix >= d->in_width)
            continue;
          for (size_t i = cell; i-- > 0;) { /* the odd one of a pair of bf16 first */
            const bool exists = c + i < p->in_per_group;
            const size_t channel = o / out_per_group * p->in_per_group + c + i;
            const size_t at =
                ((n * (size_t)d->in_channels + channel) * (size_t)d->in_height + (size_t)iy) * (size_t)d->in_width +
                (size_t)ix;
            const float x = exists ? p->x[at] : 0.0f;
            const float w =
                exists ? p->weights[(o * p->in_per_group + c + i) * taps + ky * (size_t)d->kernel_width + kx] : 0.0f;
            acc = fmaf(x, w, acc);
            exact += (int64_t)x * (int64_t)w;
          }
        }
  return d->format == CARDINAL_FORMAT_INT8 ? (double)exact : (double)acc;
}

static float finish(const problem *p, double sum, size_t o, size_t at) {
  const cardinal_conv_desc *d = &p->d;
  const float residual = p->residual ? p->residual[at] : 0.0f, bias = p->bias ? p->bias[o] : 0.0f;
  const bool y_f32 = d->y_format == CARDINAL_FORMAT_F32;
  float t = (float)sum;
  if (d->format == CARDINAL_FORMAT_INT8) {
    const double y_scale = y_f32 ? 1.0 : (double)d->y_scale;
    t = fmaf(t, (float)((double)d->x_scale * (double)p->scales[o] / y_scale), (float)((double)bias / y_scale));
    if (p->residual)
      t = fmaf(residual, y_f32 ? 1.0f : (float)((double)d->residual_scale / y_scale), t);
  } else if (p->residual) {
    t = t + residual;
  }
  if (d->has_relu && t < 0.0f)
    t = 0.0f;
  if (d->y_format == CARDINAL_FORMAT_BF16)
    t = cardinal_bf16_to_f32(cardinal_bf16_of_f32(t));
  else if (d->y_format == CARDINAL_FORMAT_INT8)
    t = nearbyintf(fminf(fmaxf(t, -127.0f), 127.0f)) + 0.0f;
  return t;
}

static float *floats(size_t count) {
  float *memory = calloc(count, sizeof *memory);
  cr_assert_not_null(memory);
  return memory;
}

static problem make(const cardinal_conv_desc *d, gauntlet_random *random) {
  problem p = {.d = *d, .in_per_group = (size_t)(d->in_channels / d->groups)};
  int64_t height, width;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_output_size(d, &height, &width, &error), CARDINAL_OK, "%s", error.message);
  p.out_height = (size_t)height;
  p.out_width = (size_t)width;
  p.x_count = (size_t)(d->batch * d->in_channels * d->in_height * d->in_width);
  p.w_count = (size_t)(d->out_channels * d->kernel_height * d->kernel_width) * p.in_per_group;
  p.y_count = (size_t)(d->batch * d->out_channels) * p.out_height * p.out_width;
  p.x = floats(p.x_count);
  p.weights = floats(p.w_count);
  p.expected = floats(p.y_count);
  p.scales = floats((size_t)d->out_channels);
  for (size_t i = 0; i < p.x_count; ++i)
    p.x[i] = draw(d->format, random, 0);
  for (size_t i = 0; i < p.w_count; ++i)
    p.weights[i] = draw(d->format, random, -127);
  for (size_t o = 0; o < (size_t)d->out_channels; ++o)
    p.scales[o] = 0.001f + 0.001f * fabsf(gauntlet_uniform(random));
  if (d->has_bias) {
    p.bias = floats((size_t)d->out_channels);
    for (size_t o = 0; o < (size_t)d->out_channels; ++o)
      p.bias[o] = gauntlet_uniform(random);
  }
  if (d->has_residual) {
    p.residual = floats(p.y_count);
    for (size_t i = 0; i < p.y_count; ++i)
      p.residual[i] = draw(d->y_format, random, -127);
  }
  size_t at = 0;
  for (size_t n = 0; n < (size_t)d->batch; ++n)
    for (size_t o = 0; o < (size_t)d->out_channels; ++o)
      for (size_t oy = 0; oy < p.out_height; ++oy)
        for (size_t ox = 0; ox < p.out_width; ++ox, ++at)
          p.expected[at] = finish(&p, sum_of(&p, n, o, oy, ox), o, at);
  return p;
}

static void release(problem *p) {
  float *all[] = {p->x, p->weights, p->bias, p->residual, p->scales, p->expected};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
    free(all[i]);
}

/* A tensor in its layout and format; what a blocked one holds past its channels is `padding`. */
static void *spread(cardinal_layout layout, cardinal_format format, const float *plain, int64_t batch, int64_t channels,
                    size_t pixels, int padding, size_t *bytes) {
  size_t count;
  cr_assert_eq(cardinal_tensor_floats(layout, batch, channels, 1, (int64_t)pixels, &count), CARDINAL_OK);
  *bytes = count * bytes_of(format);
  char *tensor = malloc(*bytes);
  memset(tensor, padding, *bytes);
  for (size_t n = 0; n < (size_t)batch; ++n)
    for (size_t c = 0; c < (size_t)channels; ++c)
      for (size_t i = 0; i < pixels; ++i)
        store(format, tensor, n * (count / (size_t)batch) + cardinal_tensor_at(layout, (size_t)channels, pixels, c, i),
              plain[(n * (size_t)channels + c) * pixels + i]);
  return tensor;
}

static cardinal_plan *plan_of(const cardinal_context *context, const problem *p) {
  cardinal_plan *plan = NULL;
  cardinal_error error = {.message = ""};
  if (p->d.format != CARDINAL_FORMAT_INT8) {
    cr_assert_eq(cardinal_conv_create(context, &p->d, p->weights, p->bias, &plan, &error), CARDINAL_OK, "%s",
                 error.message);
    return plan;
  }
  int8_t *steps = malloc(p->w_count);
  for (size_t i = 0; i < p->w_count; ++i)
    steps[i] = (int8_t)p->weights[i];
  cardinal_conv_weights *weights;
  cr_assert_eq(cardinal_conv_weights_create_int8(context, &p->d, steps, p->scales, p->bias, &weights, &error),
               CARDINAL_OK, "%s", error.message);
  cr_assert_eq(cardinal_conv_create_packed(context, &p->d, weights, &plan, &error), CARDINAL_OK, "%s", error.message);
  cardinal_conv_weights_destroy(weights);
  free(steps);
  return plan;
}

static void check(const cardinal_context *context, const problem *p) {
  const cardinal_conv_desc *d = &p->d;
  const size_t pixels = p->out_height * p->out_width;
  size_t x_bytes, y_bytes;
  cardinal_plan *plan = plan_of(context, p);
  void *x = spread(d->x_layout, d->x_format, p->x, d->batch, d->in_channels, (size_t)(d->in_height * d->in_width), 0xFF,
                   &x_bytes);
  void *expected = spread(d->y_layout, d->y_format, p->expected, d->batch, d->out_channels, pixels, 0, &y_bytes);
  void *residual =
      p->residual ? spread(d->y_layout, d->y_format, p->residual, d->batch, d->out_channels, pixels, 0x55, &y_bytes)
                  : NULL;
  void *y = malloc(y_bytes), *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  memset(y, 0xA5, y_bytes);
  cardinal_error error = {.message = ""};
  cr_assert_eq(cardinal_plan_run(plan, x, residual, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  size_t wrong = 0;
  while (wrong < y_bytes && ((char *)y)[wrong] == ((char *)expected)[wrong])
    ++wrong;
  cr_expect_eq(
      wrong, y_bytes,
      "%s, %s to %s, layouts %d to %d, %lld to %lld channels in %lld groups, kernel %lld, residual %d, relu %d, "
      "by %s: byte %zu of %zu is %02x, expected %02x",
      cardinal_format_name(d->format), cardinal_format_name(d->x_format), cardinal_format_name(d->y_format),
      (int)d->x_layout, (int)d->y_layout, (long long)d->in_channels, (long long)d->out_channels, (long long)d->groups,
      (long long)d->kernel_height, d->has_residual, d->has_relu, cardinal_plan_kernel(plan), wrong, y_bytes,
      wrong < y_bytes ? ((unsigned char *)y)[wrong] : 0, wrong < y_bytes ? ((unsigned char *)expected)[wrong] : 0);
  cardinal_plan_destroy(plan);
  free(scratch);
  free(y);
  free(residual);
  free(expected);
  free(x);
}

/* batch, channels in and out, groups, rows, columns, kernel, stride, dilation, padding */
static const int64_t shapes[][10] = {
    {1, 32, 48, 1, 7, 9, 1, 1, 1, 0},  {2, 16, 20, 1, 6, 5, 1, 2, 1, 0},  {1, 17, 16, 1, 5, 3, 1, 1, 1, 0},
    {3, 64, 40, 1, 1, 1, 1, 1, 1, 0},  {2, 35, 10, 1, 1, 1, 1, 1, 1, 0},  {1, 32, 32, 8, 9, 8, 3, 1, 1, 1},
    {1, 32, 32, 8, 9, 8, 3, 2, 1, 1},  {2, 32, 32, 4, 7, 6, 3, 1, 1, 1},  {1, 32, 64, 2, 7, 11, 3, 2, 1, 1},
    {1, 64, 32, 1, 6, 6, 3, 1, 1, 1},  {1, 12, 12, 4, 8, 5, 3, 1, 1, 1},  {1, 16, 16, 16, 6, 7, 3, 1, 1, 1},
    {1, 3, 16, 1, 17, 19, 7, 2, 1, 3}, {1, 20, 30, 10, 9, 9, 5, 1, 1, 2}, {1, 24, 8, 2, 11, 10, 3, 1, 2, 2},
    {2, 33, 34, 1, 5, 5, 3, 3, 1, 0},
};

static void try_formats(cardinal_format format, uint32_t threads) {
  cardinal_context_desc about;
  cardinal_context_desc_init(&about);
  about.threads = threads;
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(&about, &context, NULL), CARDINAL_OK);
  gauntlet_random random = test_random((uint64_t)format);
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; ++i)
    for (int variant = (int)test_scale(0, i % 5); variant < 12; variant += (int)test_scale(1, 5)) {
      const int64_t *s = shapes[i];
      cardinal_conv_desc d;
      cardinal_conv_desc_init(&d);
      d.batch = s[0];
      d.in_channels = s[1];
      d.out_channels = s[2];
      d.groups = s[3];
      d.in_height = s[4];
      d.in_width = s[5];
      d.kernel_height = d.kernel_width = s[6];
      d.stride_height = d.stride_width = s[7];
      d.dilation_height = d.dilation_width = s[8];
      d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = s[9];
      d.format = format;
      d.x_format = variant % 4 == 3 ? CARDINAL_FORMAT_F32 : format;
      d.y_format = variant % 3 == 2 ? CARDINAL_FORMAT_F32 : format;
      d.x_layout = (cardinal_layout)(variant % 3);
      d.y_layout = (cardinal_layout)((variant / 3) % 3);
      d.has_bias = variant & 1;
      d.has_relu = variant >> 1 & 1;
      d.has_residual = variant % 5 > 2;
      /* A float x is meant to become the steps that were drawn. */
      d.x_scale = d.x_format == CARDINAL_FORMAT_F32 ? 1.0f : 0.02f;
      d.y_scale = 0.07f;
      d.residual_scale = 0.05f;
      problem p = make(&d, &random);
      check(context, &p);
      release(&p);
    }
  cardinal_context_destroy(context);
}

Test(formats, bf16_is_the_definition) {
  try_formats(CARDINAL_FORMAT_BF16, 1);
  try_formats(CARDINAL_FORMAT_BF16, 3);
}

Test(formats, int8_is_the_definition) {
  try_formats(CARDINAL_FORMAT_INT8, 1);
  try_formats(CARDINAL_FORMAT_INT8, 3);
}

static void try_pool(cardinal_format format, cardinal_pool_kind kind, cardinal_layout layout) {
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.kind = kind;
  d.x_layout = d.y_layout = layout;
  d.batch = 2;
  d.channels = 21;
  d.in_height = 9;
  d.in_width = 7;
  d.kernel_height = d.kernel_width = 3;
  d.stride_height = d.stride_width = 2;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = 1;
  d.format = format;
  d.x_scale = 0.03f;
  d.y_scale = 0.02f;
  const bool average = kind == CARDINAL_POOL_AVERAGE_GLOBAL;
  const size_t planes = 42, in_pixels = 63, out_w = average ? 1 : 4, out_pixels = average ? 1 : 20;
  gauntlet_random random = test_random(7 + (uint64_t)format);
  float x[42 * 63], expected[42 * 20] = {0};
  for (size_t i = 0; i < planes * in_pixels; ++i)
    x[i] = draw(format, &random, -127);
  for (size_t plane = 0; plane < planes; ++plane)
    for (size_t i = 0; i < out_pixels; ++i) {
      float best = -INFINITY, sum = 0.0f;
      for (size_t at = 0; at < in_pixels; ++at) {
        const int64_t row = (int64_t)(at / 7) - 2 * (int64_t)(i / out_w) + 1,
                      column = (int64_t)(at % 7) - 2 * (int64_t)(i % out_w) + 1;
        const float value = x[plane * in_pixels + at];
        if (row >= 0 && row < 3 && column >= 0 && column < 3)
          best = fmaxf(best, value);
        sum += value; /* of int8 exact in floats */
      }
      if (average && format == CARDINAL_FORMAT_INT8)
        best = nearbyintf(fminf(127.0f, fmaxf(-127.0f, sum * (float)((double)d.x_scale / ((double)d.y_scale * 63.0)))));
      else if (average)
        best = cardinal_bf16_to_f32(cardinal_bf16_of_f32(sum * (float)(1.0 / 63.0)));
      expected[plane * out_pixels + i] = best + 0.0f;
    }
  cardinal_context *context;
  cardinal_plan *plan;
  cardinal_error error = {.message = ""};
  cr_assert_eq(cardinal_context_create(NULL, &context, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_pool_create(context, &d, &plan, &error), CARDINAL_OK, "%s", error.message);
  size_t x_bytes, y_bytes;
  void *tensor = spread(layout, format, x, 2, 21, in_pixels, 0x33, &x_bytes);
  void *wanted = spread(layout, format, expected, 2, 21, out_pixels, 0, &y_bytes);
  void *y = malloc(y_bytes), *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  cr_assert_eq(cardinal_plan_run(plan, tensor, NULL, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  cr_expect_arr_eq((char *)y, (char *)wanted, y_bytes, "%s, %s, layout %d", cardinal_plan_kernel(plan),
                   cardinal_format_name(format), (int)layout);
  free(tensor);
  free(wanted);
  free(y);
  free(scratch);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

Test(formats, pools_are_the_definition) {
  for (int format = CARDINAL_FORMAT_BF16; format <= CARDINAL_FORMAT_INT8; ++format)
    for (int layout = 0; layout < 3; ++layout) {
      try_pool((cardinal_format)format, CARDINAL_POOL_MAX, (cardinal_layout)layout);
      try_pool((cardinal_format)format, CARDINAL_POOL_AVERAGE_GLOBAL, (cardinal_layout)layout);
    }
}

/* Weights given in floats become int8 by the rule of the header, and bf16 by rounding: the same packed bytes. */
Test(formats, float_weights_are_quantised_by_the_rule) {
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(NULL, &context, NULL), CARDINAL_OK);
  gauntlet_random random = test_random(99);
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.in_channels = 8;
  d.out_channels = 3;
  d.in_height = d.in_width = 1;
  d.format = d.x_format = CARDINAL_FORMAT_INT8;
  d.x_scale = 1.0f;
  float weights[3 * 8];
  for (size_t i = 0; i < 24; ++i)
    weights[i] = gauntlet_uniform(&random);
  for (size_t i = 8; i < 16; ++i)
    weights[i] = 0.0f;
  cardinal_plan *plan;
  cr_assert_eq(cardinal_conv_create(context, &d, weights, NULL, &plan, NULL), CARDINAL_OK);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  for (size_t c = 0; c < 8; ++c) {
    int8_t x[16] = {0};
    float y[16];
    x[c] = 1;
    cr_assert_eq(cardinal_plan_run(plan, x, NULL, y, scratch, NULL), CARDINAL_OK);
    for (size_t o = 0; o < 3; ++o) {
      float most = 0.0f;
      for (size_t i = 0; i < 8; ++i)
        most = fmaxf(most, fabsf(weights[o * 8 + i]));
      const float scale = most > 0.0f ? (float)((double)most / 127.0) : 1.0f;
      const double step = nearbyint((double)weights[o * 8 + c] / (double)scale);
      cr_expect_eq(y[o], (float)step * scale, "channel %zu to %zu: %a", c, o, (double)y[o]);
    }
  }
  free(scratch);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

static void refuse(cardinal_conv_desc d, const float *weights, cardinal_status status, const char *word) {
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(NULL, &context, NULL), CARDINAL_OK);
  cardinal_plan *plan = NULL;
  cardinal_error error = {.message = ""};
  const cardinal_status found = cardinal_conv_create(context, &d, weights, NULL, &plan, &error);
  cr_expect(found == status && !plan && strstr(error.message, word), "status %d, '%s', expected '%s'", (int)found,
            error.message, word);
  cardinal_context_destroy(context);
}

Test(formats, what_does_not_go_together_is_refused) {
  cardinal_conv_desc good;
  cardinal_conv_desc_init(&good);
  good.in_channels = good.out_channels = 1;
  good.in_height = good.in_width = 1;
  good.format = good.x_format = good.y_format = CARDINAL_FORMAT_INT8;
  good.x_scale = good.y_scale = 1.0f;
  float weight = 1.0f;
  cardinal_conv_desc d = good;
  d.format = (cardinal_format)3;
  refuse(d, &weight, CARDINAL_INVALID_ARGUMENT, "format is 3");
  d = good;
  d.x_format = CARDINAL_FORMAT_BF16;
  refuse(d, &weight, CARDINAL_INVALID_ARGUMENT, "x_format is bf16, expected f32 or int8");
  d = good;
  d.format = CARDINAL_FORMAT_F32;
  refuse(d, &weight, CARDINAL_INVALID_ARGUMENT, "x_format is int8, expected f32 with");
  d = good;
  d.y_scale = 0.0f;
  refuse(d, &weight, CARDINAL_INVALID_ARGUMENT, "y_scale is 0");
  d = good;
  d.x_scale = NAN;
  refuse(d, &weight, CARDINAL_INVALID_ARGUMENT, "x_scale is nan");
  d = good;
  d.has_residual = 1;
  refuse(d, &weight, CARDINAL_INVALID_ARGUMENT, "residual_scale");
  d = good;
  d.x_scale = 1e9f;
  refuse(d, &weight, CARDINAL_OVERFLOW, "scales don't go together");
  weight = INFINITY;
  refuse(good, &weight, CARDINAL_INVALID_ARGUMENT, "inf");
  d = good;
  d.in_channels = 133145;
  refuse(d, &weight, CARDINAL_OVERFLOW, "133145 products");
}
