/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/problem.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/shape.h"
#include "kernels/format.h"

void *bench_memory(size_t bytes) {
  const size_t alignment = 64;
  void *memory = aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (!memory) {
    fprintf(stderr, "cardinal_bench: no memory for %zu bytes\n", bytes);
    exit(EXIT_FAILURE);
  }
  return memory;
}

static float *floats(size_t count) {
  return bench_memory(count * sizeof(float));
}

bool bench_problem_init(bench_problem *p, const cardinal_net_layer *layer) {
  return layer->is_conv ? bench_problem_of(p, layer->conv, NULL) : bench_problem_of(p, NULL, layer->pool);
}

/* Taps of all outputs in one direction that lie inside the image. */
static double taps_inside(size_t out, size_t kernel, size_t stride, size_t dilation, size_t pad, size_t in) {
  double inside = 0;
  for (size_t o = 0; o < out; ++o)
    for (size_t k = 0; k < kernel; ++k) {
      const size_t at = o * stride + k * dilation;
      inside += at >= pad && at - pad < in;
    }
  return inside;
}

double bench_problem_executed(const bench_problem *p) {
  if (!p->is_conv)
    return 1;
  const cardinal_window w = cardinal_window_of_conv(&p->conv);
  return taps_inside(p->out_height, w.kernel_h, w.stride_h, w.dilation_h, w.pad_top, p->in_height) *
         taps_inside(p->out_width, w.kernel_w, w.stride_w, w.dilation_w, w.pad_left, p->in_width) /
         (double)(p->out_height * w.kernel_h * p->out_width * w.kernel_w);
}

cardinal_format bench_problem_format(const bench_problem *p) {
  return p->is_conv ? p->conv.format : p->pool.format;
}

/* What a step of int8 is worth: x is from 0 to 1 and has a variance of a third, the weights are drawn so that a sum has
 * it too. */
static void choose_scales(bench_problem *p) {
  const float one = 1.0f / 127.0f;
  p->conv.x_scale = p->pool.x_scale = p->pool.y_scale = p->conv.residual_scale = one;
  p->conv.y_scale = 3.0f * one;
}

bool bench_problem_of(bench_problem *p, const cardinal_conv_desc *conv, const cardinal_pool_desc *pool) {
  *p = (bench_problem){.is_conv = conv != NULL};
  if (conv)
    p->conv = *conv;
  else if (pool)
    p->pool = *pool;
  else
    return false;
  if (bench_problem_format(p) == CARDINAL_FORMAT_INT8)
    choose_scales(p);
  int64_t height, width;
  double taps;
  if (p->is_conv) {
    const cardinal_conv_desc *c = &p->conv;
    if (cardinal_conv_output_size(c, &height, &width, NULL))
      return false;
    p->images = (size_t)c->batch;
    p->in_channels = (size_t)c->in_channels;
    p->in_height = (size_t)c->in_height;
    p->in_width = (size_t)c->in_width;
    p->out_channels = (size_t)c->out_channels;
    const int64_t in_per_group = c->in_channels / c->groups;
    taps = 2.0 * (double)in_per_group * (double)(c->kernel_height * c->kernel_width);
  } else {
    const cardinal_pool_desc *c = &p->pool;
    if (cardinal_pool_output_size(c, &height, &width, NULL))
      return false;
    p->images = (size_t)c->batch;
    p->in_channels = p->out_channels = (size_t)c->channels;
    p->in_height = (size_t)c->in_height;
    p->in_width = (size_t)c->in_width;
    taps = c->kind == CARDINAL_POOL_MAX ? (double)(c->kernel_height * c->kernel_width)
                                        : (double)(c->in_height * c->in_width);
  }
  p->out_height = (size_t)height;
  p->out_width = (size_t)width;
  p->x_floats = p->images * p->in_channels * p->in_height * p->in_width;
  p->y_floats = p->images * p->out_channels * p->out_height * p->out_width;
  p->flops = taps * (double)p->y_floats;
  return true;
}

static size_t products_of(const bench_problem *p) {
  return (size_t)(p->conv.in_channels / p->conv.groups * p->conv.kernel_height * p->conv.kernel_width);
}

double bench_problem_bytes(const bench_problem *p) {
  const cardinal_format x = p->is_conv ? p->conv.x_format : p->pool.format;
  const cardinal_format y = p->is_conv ? p->conv.y_format : p->pool.format;
  size_t bytes = p->x_floats * cardinal_format_size(x) + p->y_floats * cardinal_format_size(y);
  if (p->is_conv)
    bytes += p->out_channels * products_of(p) * cardinal_format_size(p->conv.format) +
             (p->conv.has_bias ? p->out_channels * sizeof(float) : 0) +
             (p->conv.has_residual ? p->y_floats * cardinal_format_size(y) : 0);
  return (double)bytes;
}

bool bench_problem_is_grouped_3x3(const bench_problem *p) {
  return p->is_conv && p->conv.groups > 1 && p->conv.kernel_height == 3 && p->conv.kernel_width == 3;
}

bool bench_problem_same(const bench_problem *a, const bench_problem *b) {
  if (a->is_conv != b->is_conv)
    return false;
  return a->is_conv ? memcmp(&a->conv, &b->conv, sizeof a->conv) == 0 : memcmp(&a->pool, &b->pool, sizeof a->pool) == 0;
}

bool bench_problem_alike(const bench_problem *a, const bench_problem *b) {
  bench_problem plain[2] = {*a, *b};
  for (int i = 0; i < 2; ++i) {
    cardinal_conv_desc *c = &plain[i].conv;
    c->format = c->x_format = c->y_format = plain[i].pool.format = CARDINAL_FORMAT_F32;
    c->x_scale = c->y_scale = c->residual_scale = plain[i].pool.x_scale = plain[i].pool.y_scale = 0.0f;
  }
  return bench_problem_same(&plain[0], &plain[1]);
}

void bench_problem_describe(const bench_problem *p, char *text, size_t size) {
  const int used = p->images > 1 ? snprintf(text, size, "%zu x ", p->images) : 0;
  text += used;
  size -= (size_t)used;
  if (p->is_conv)
    bench_shape_of_conv(&p->conv, text, size);
  else
    bench_shape_of_pool(&p->pool, text, size);
}

/* Uniform in [-scale, scale), from the upper bits of a 64-bit linear congruential generator (Knuth's MMIX). */
static float *random_floats(size_t count, uint64_t seed, float scale) {
  float *values = floats(count);
  for (size_t i = 0; i < count; ++i) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    values[i] = scale * ((float)(seed >> 40) * 0x1p-23f - 1.0f);
  }
  return values;
}

/* The number of a format that is meant by a float: of int8, a whole number of steps. */
static float rounded(float value, cardinal_format format, float step, double least) {
  if (format == CARDINAL_FORMAT_BF16)
    return cardinal_bf16_to_f32(cardinal_bf16_of_f32(value));
  return format == CARDINAL_FORMAT_INT8 ? step * (float)fmax(rint((double)value / (double)step), least) : value;
}

static void round_all(float *values, size_t count, cardinal_format format, float step, double least) {
  for (size_t i = 0; i < count; ++i)
    values[i] = rounded(values[i], format, step, least);
}

/* What the weights become, by the rules of cardinal_conv_weights_create. */
static float *round_weights(const bench_problem *p, size_t each) {
  float *to = floats(p->out_channels * each);
  for (size_t o = 0; o < p->out_channels; ++o) {
    float most = 0.0f;
    for (size_t i = 0; i < each; ++i)
      most = fmaxf(most, fabsf(p->weights[o * each + i]));
    for (size_t i = 0; i < each; ++i)
      to[o * each + i] = rounded(p->weights[o * each + i], p->conv.format, (float)((double)most / 127.0), -127.0);
  }
  return to;
}

/* Half a step of the number that y is rounded to. */
static double rounding(const bench_problem *p, double y) {
  const cardinal_format format = p->is_conv ? p->conv.y_format : p->pool.format;
  if (format == CARDINAL_FORMAT_BF16)
    return fabs(y) * 0x1p-8;
  const double step = p->is_conv ? (double)p->conv.y_scale : (double)p->pool.y_scale;
  return format == CARDINAL_FORMAT_INT8 ? 0.5001 * step : 0;
}

/* An output of int8 ends at 127 steps. */
static double limited(const bench_problem *p, double y) {
  const double most = 127.0 * (double)p->conv.y_scale;
  return p->conv.y_format == CARDINAL_FORMAT_INT8 ? fmin(fmax(y, -most), most) : y;
}

/* Input rows that output rows [begin, end) read, and what is left of the top padding. */
static cardinal_reference_shape band_shape(const bench_problem *p, size_t begin, size_t end, size_t *first_row) {
  cardinal_window window = cardinal_window_of_conv(&p->conv);
  const size_t pad = window.pad_top;
  const size_t top = begin * window.stride_h; /* in rows of the padded input */
  const size_t first = top > pad ? top - pad : 0;
  const size_t below = (end - 1) * window.stride_h + cardinal_window_height(&window); /* the same */
  const size_t stop = below > pad && below - pad < p->in_height ? below - pad : p->in_height;
  window.pad_top = top < pad ? pad - top : 0;
  *first_row = first;
  return (cardinal_reference_shape){
      .batch = 1,
      .groups = (size_t)p->conv.groups,
      .in_channels = p->in_channels,
      .in_height = stop - first,
      .in_width = p->in_width,
      .out_channels = p->out_channels,
      .out_height = end - begin,
      .out_width = p->out_width,
      .window = window,
  };
}

static float *cut_rows(const float *from, size_t channels, size_t height, size_t width, size_t first, size_t rows) {
  float *to = floats(channels * rows * width);
  for (size_t c = 0; c < channels; ++c)
    memcpy(to + c * rows * width, from + (c * height + first) * width, rows * width * sizeof(float));
  return to;
}

static void cut_band(bench_band *band, const bench_problem *p, size_t image, size_t begin, size_t end) {
  const float *x = p->x + image * (p->x_floats / p->images);
  size_t first;
  *band = (bench_band){.begin = begin, .end = end};
  band->shape = band_shape(p, begin, end, &first);
  band->x = cut_rows(x, p->in_channels, p->in_height, p->in_width, first, band->shape.in_height);
  if (p->residual)
    band->residual = cut_rows(p->residual + image * (p->y_floats / p->images), p->out_channels, p->out_height,
                              p->out_width, begin, end - begin);
  band->y = floats(p->out_channels * (end - begin) * p->out_width);
}

void bench_band_open(bench_band *band, const bench_problem *p, double flops) {
  const double rows_wanted = flops / p->flops * (double)(p->images * p->out_height);
  const size_t rows = rows_wanted >= (double)p->out_height ? p->out_height : rows_wanted < 1 ? 1 : (size_t)rows_wanted;
  const size_t begin = p->out_height / 2 - rows / 2;
  cut_band(band, p, 0, begin, begin + rows);
}

void bench_band_close(bench_band *band) {
  free(band->x);
  free(band->residual);
  free(band->y);
}

static void expect_conv(bench_problem *p, size_t image, size_t row) {
  bench_band band;
  const size_t count = p->out_channels * p->out_width, at = (image * p->out_height + row) * count;
  double *tolerance = p->tolerance + at;
  cut_band(&band, p, image, row, row + 1);
  cardinal_reference_conv(&band.shape, band.x, p->rounded ? p->rounded : p->weights, p->bias, band.residual,
                          p->conv.has_relu, p->expected + at, tolerance);
  const size_t products = cardinal_reference_products(&band.shape);
  for (size_t i = 0; i < count; ++i) {
    double *y = &p->expected[at + i];
    *y = limited(p, *y);
    tolerance[i] = cardinal_reference_bound(products, tolerance[i]) + rounding(p, *y);
  }
  bench_band_close(&band);
}

static void expect_max_pool(bench_problem *p, size_t image, size_t row) {
  const cardinal_pool_desc *d = &p->pool;
  const float *x = p->x + image * (p->x_floats / p->images);
  for (size_t c = 0; c < p->in_channels; ++c)
    for (size_t column = 0; column < p->out_width; ++column) {
      double largest = -INFINITY;
      for (int64_t ky = 0; ky < d->kernel_height; ++ky)
        for (int64_t kx = 0; kx < d->kernel_width; ++kx) {
          const int64_t iy = (int64_t)row * d->stride_height + ky - d->pad_top;
          const int64_t ix = (int64_t)column * d->stride_width + kx - d->pad_left;
          if (iy >= 0 && iy < d->in_height && ix >= 0 && ix < d->in_width)
            largest = fmax(largest, (double)x[((size_t)iy + c * p->in_height) * p->in_width + (size_t)ix]);
        }
      const size_t at = ((image * p->out_height + row) * p->out_channels + c) * p->out_width + column;
      p->expected[at] = largest;
      p->tolerance[at] = 0;
    }
}

/* Output rows are channels of images, one after the other. */
static void expect_average_pool(bench_problem *p, size_t image) {
  const size_t pixels = p->in_height * p->in_width;
  for (size_t c = image * p->in_channels; c < (image + 1) * p->in_channels; ++c) {
    double sum = 0, magnitude = 0;
    for (size_t i = 0; i < pixels; ++i) {
      sum += (double)p->x[c * pixels + i];
      magnitude += fabs((double)p->x[c * pixels + i]);
    }
    p->expected[c] = sum / (double)pixels;
    p->tolerance[c] = cardinal_reference_bound(pixels, magnitude / (double)pixels) + rounding(p, p->expected[c]);
  }
}

static void expect_row(bench_problem *p, size_t image, size_t row) {
  if (p->is_conv)
    expect_conv(p, image, row);
  else if (p->pool.kind == CARDINAL_POOL_MAX)
    expect_max_pool(p, image, row);
  else
    expect_average_pool(p, image); /* has one */
}

void bench_problem_open(bench_problem *p) {
  if (p->x)
    return;
  const cardinal_format format = bench_problem_format(p);
  p->x = random_floats(p->x_floats, 1, 1.0f);
  round_all(p->x, p->x_floats, format, p->is_conv ? p->conv.x_scale : p->pool.x_scale, p->is_conv ? 0.0 : -127.0);
  if (p->is_conv) {
    const size_t products = products_of(p);
    p->weights = random_floats(p->out_channels * products, 2, (float)sqrt(3.0 / (double)products));
    p->bias = p->conv.has_bias ? random_floats(p->out_channels, 3, 1.0f) : NULL;
    p->residual = p->conv.has_residual ? random_floats(p->y_floats, 4, 1.0f) : NULL;
    if (p->residual)
      round_all(p->residual, p->y_floats, p->conv.y_format, p->conv.residual_scale, -127.0);
    p->rounded = format == CARDINAL_FORMAT_F32 ? NULL : round_weights(p, products);
  }
  p->expected = bench_memory(p->y_floats * sizeof *p->expected);
  p->tolerance = bench_memory(p->y_floats * sizeof *p->tolerance);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic)
#endif
  for (size_t row = 0; row < p->images * p->out_height; ++row)
    expect_row(p, row / p->out_height, row % p->out_height);
}

void bench_problem_close(bench_problem *p) {
  free(p->x);
  free(p->weights);
  free(p->rounded);
  free(p->bias);
  free(p->residual);
  free(p->expected);
  free(p->tolerance);
  p->x = p->weights = p->rounded = p->bias = p->residual = NULL;
  p->expected = p->tolerance = NULL;
}

/* Compares rows [begin, end) of an image's output with y, which holds no others. */
static bool check_rows(const bench_problem *p, size_t image, const float *y, size_t begin, size_t end, char *error,
                       size_t size) {
  for (size_t row = begin; row < end; ++row)
    for (size_t c = 0; c < p->out_channels; ++c)
      for (size_t column = 0; column < p->out_width; ++column) {
        const double value = (double)y[(c * (end - begin) + row - begin) * p->out_width + column];
        const size_t at = ((image * p->out_height + row) * p->out_channels + c) * p->out_width + column;
        if (fabs(value - p->expected[at]) <= p->tolerance[at])
          continue;
        char of_image[48] = "";
        if (p->images > 1)
          snprintf(of_image, sizeof of_image, " of image %zu", image);
        snprintf(error, size, "wrong output in channel %zu, row %zu, column %zu%s: %.9g, expected %.9g within %.2g", c,
                 row, column, of_image, value, p->expected[at], p->tolerance[at]);
        return false;
      }
  return true;
}

bool bench_problem_check(const bench_problem *p, const float *y, char *error, size_t size) {
  for (size_t image = 0; image < p->images; ++image)
    if (!check_rows(p, image, y + image * (p->y_floats / p->images), 0, p->out_height, error, size))
      return false;
  return true;
}

bool bench_band_check(const bench_band *band, const bench_problem *p, char *error, size_t size) {
  return check_rows(p, 0, band->y, band->begin, band->end, error, size);
}
