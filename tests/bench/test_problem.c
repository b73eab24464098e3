/* SPDX-License-Identifier: BSD-3-Clause */
/* The check that every benchmark's output must pass, and the bands on which the naive kernel is timed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/problem.h"

static bench_problem conv_problem_of(int64_t images, int64_t channels, int64_t size, int64_t groups, int64_t kernel,
                                     int64_t stride, bool residual) {
  cardinal_conv_desc conv;
  const cardinal_net_layer layer = {.struct_size = sizeof layer, .is_conv = 1, .name = "test", .conv = &conv};
  cardinal_conv_desc_init(&conv);
  conv.batch = images;
  conv.in_channels = conv.out_channels = channels;
  conv.in_height = conv.in_width = size;
  conv.groups = groups;
  conv.kernel_height = conv.kernel_width = kernel;
  conv.stride_height = conv.stride_width = stride;
  conv.pad_top = conv.pad_left = conv.pad_bottom = conv.pad_right = kernel / 2;
  conv.has_bias = conv.has_relu = 1;
  conv.has_residual = residual;
  bench_problem p;
  cr_assert(bench_problem_init(&p, &layer));
  return p;
}

static bench_problem conv_problem(int64_t channels, int64_t size, int64_t groups, int64_t kernel, int64_t stride,
                                  bool residual) {
  return conv_problem_of(1, channels, size, groups, kernel, stride, residual);
}

static cardinal_reference_shape whole_shape(const bench_problem *p) {
  return (cardinal_reference_shape){.batch = p->images,
                                    .groups = (size_t)p->conv.groups,
                                    .in_channels = p->in_channels,
                                    .in_height = p->in_height,
                                    .in_width = p->in_width,
                                    .out_channels = p->out_channels,
                                    .out_height = p->out_height,
                                    .out_width = p->out_width,
                                    .window = cardinal_window_of_conv(&p->conv)};
}

static float *whole_output(const bench_problem *p) {
  const cardinal_reference_shape shape = whole_shape(p);
  float *y = bench_memory(p->y_floats * sizeof *y);
  cardinal_naive_conv(&shape, p->x, p->weights, p->bias, p->residual, p->conv.has_relu, y);
  return y;
}

static const struct {
  int64_t images, channels, size, groups, kernel, stride;
  bool residual;
} cases[] = {{1, 32, 9, 8, 3, 1, true},  {1, 16, 10, 4, 3, 2, false}, {1, 24, 6, 1, 1, 1, true},
             {1, 8, 12, 1, 7, 2, false}, {1, 8, 7, 2, 1, 2, false},   {1, 4, 1, 1, 1, 1, false},
             {3, 16, 6, 4, 3, 1, true}};
enum {
  CASES = sizeof cases / sizeof cases[0]
};

static bench_problem open_case(size_t i) {
  bench_problem p = conv_problem_of(cases[i].images, cases[i].channels, cases[i].size, cases[i].groups, cases[i].kernel,
                                    cases[i].stride, cases[i].residual);
  bench_problem_open(&p);
  return p;
}

Test(problem, right_outputs_pass_and_wrong_ones_do_not) {
  for (size_t i = 0; i < CASES; ++i) {
    bench_problem p = open_case(i);
    float *y = whole_output(&p);
    char error[256] = "";
    cr_expect(bench_problem_check(&p, y, error, sizeof error), "case %zu: %s", i, error);
    /* Each value of the output, wrong alone. */
    for (size_t at = 0; at < p.y_floats; ++at) {
      const float before = y[at];
      y[at] = at % 2 ? before + 0.01f : __builtin_nanf("");
      char where[128];
      const size_t plane = p.out_height * p.out_width;
      snprintf(where, sizeof where, "wrong output in channel %zu, row %zu, column %zu%s", at / plane % p.out_channels,
               at / p.out_width % p.out_height, at % p.out_width, p.images > 1 ? " of image " : ":");
      const size_t used = strlen(where);
      if (p.images > 1)
        snprintf(where + used, sizeof where - used, "%zu:", at / plane / p.out_channels);
      cr_expect_not(bench_problem_check(&p, y, error, sizeof error), "case %zu, value %zu", i, at);
      cr_expect(strstr(error, where) != NULL, "case %zu: %s", i, error);
      y[at] = before;
    }
    free(y);
    bench_problem_close(&p);
  }
}

Test(problem, every_band_equals_its_rows_of_the_whole) {
  for (size_t i = 0; i < CASES; ++i) {
    bench_problem p = open_case(i);
    float *y = whole_output(&p);
    /* From less than one row to more than all of them. */
    for (size_t rows = 0; rows <= p.out_height + 1; ++rows) {
      bench_band band;
      bench_band_open(&band, &p, p.flops * ((double)rows + 0.5) / (double)(p.images * p.out_height));
      const size_t height = band.end - band.begin;
      cr_expect_eq(height, rows < 1 ? 1 : rows > p.out_height ? p.out_height : rows);
      cardinal_naive_conv(&band.shape, band.x, p.weights, p.bias, band.residual, p.conv.has_relu, band.y);
      for (size_t c = 0; c < p.out_channels; ++c)
        cr_expect(memcmp(band.y + c * height * p.out_width, y + (c * p.out_height + band.begin) * p.out_width,
                         height * p.out_width * sizeof *y) == 0,
                  "case %zu, rows %zu to %zu, channel %zu", i, band.begin, band.end, c);
      char error[256] = "";
      cr_expect(bench_band_check(&band, &p, error, sizeof error), "case %zu: %s", i, error);
      /* the last row of the last channel */
      band.y[p.out_channels * height * p.out_width - 1] += 0.01f;
      cr_expect_not(bench_band_check(&band, &p, error, sizeof error));
      bench_band_close(&band);
    }
    free(y);
    bench_problem_close(&p);
  }
}

Test(problem, flops_count_padding_taps) {
  const bench_problem p = conv_problem(128, 56, 32, 3, 1, false);
  cr_expect_eq(p.flops, 2.0 * 128 * 4 * 9 * 56 * 56);
  char text[64];
  bench_problem_describe(&p, text, sizeof text);
  cr_expect_str_eq(text, "128>128 3x3/1 g32 56x56");
}

Test(problem, images_are_told_and_counted) {
  const bench_problem p = conv_problem_of(8, 128, 56, 32, 3, 1, false);
  cr_expect_eq(p.flops, 8 * 2.0 * 128 * 4 * 9 * 56 * 56);
  cr_expect_eq(bench_problem_bytes(&p), 4.0 * (8 * 2 * 128 * 56 * 56 + 128 * 4 * 9 + 128));
  char text[64];
  bench_problem_describe(&p, text, sizeof text);
  cr_expect_str_eq(text, "8 x 128>128 3x3/1 g32 56x56");
}

Test(problem, layers_of_one_shape_are_the_same) {
  const bench_problem a = conv_problem(64, 14, 8, 3, 1, false), b = conv_problem(64, 14, 8, 3, 1, false);
  const bench_problem with_residual = conv_problem(64, 14, 8, 3, 1, true), other = conv_problem(64, 14, 4, 3, 1, false);
  cr_expect(bench_problem_same(&a, &b));
  cr_expect_not(bench_problem_same(&a, &with_residual));
  cr_expect_not(bench_problem_same(&a, &other));
}

static bench_problem pool_problem(cardinal_pool_kind kind) {
  cardinal_pool_desc pool;
  const cardinal_net_layer layer = {.struct_size = sizeof layer, .name = "test", .pool = &pool};
  cardinal_pool_desc_init(&pool);
  pool.kind = kind;
  pool.batch = 2;
  pool.channels = 5;
  pool.in_height = pool.in_width = 9;
  pool.kernel_height = pool.kernel_width = 3;
  pool.stride_height = pool.stride_width = 2;
  if (kind == CARDINAL_POOL_MAX)
    pool.pad_top = pool.pad_left = pool.pad_bottom = pool.pad_right = 1;
  bench_problem p;
  cr_assert(bench_problem_init(&p, &layer));
  bench_problem_open(&p);
  return p;
}

Test(problem, max_pools_are_checked) {
  bench_problem p = pool_problem(CARDINAL_POOL_MAX);
  const cardinal_reference_shape shape = {.batch = 2,
                                          .in_channels = 5,
                                          .in_height = 9,
                                          .in_width = 9,
                                          .out_height = 5,
                                          .out_width = 5,
                                          .window = cardinal_square_window(3, 2, 1, 1)};
  float y[2 * 5 * 25];
  char error[256];
  cardinal_naive_max_pool(&shape, p.x, y);
  cr_expect(bench_problem_check(&p, y, error, sizeof error));
  for (size_t i = 0; i < sizeof y / sizeof *y; ++i) {
    const float before = y[i];
    y[i] -= 0.25f;
    cr_expect_not(bench_problem_check(&p, y, error, sizeof error), "%zu", i);
    y[i] = before;
  }
  bench_problem_close(&p);
}

Test(problem, average_pools_are_checked) {
  bench_problem p = pool_problem(CARDINAL_POOL_AVERAGE_GLOBAL);
  float y[2 * 5];
  char error[256];
  for (size_t c = 0; c < 2 * 5; ++c) {
    float sum = 0;
    for (size_t i = 0; i < 81; ++i)
      sum += p.x[c * 81 + i];
    y[c] = sum / 81;
  }
  cr_expect(bench_problem_check(&p, y, error, sizeof error));
  for (size_t c = 0; c < 2 * 5; ++c) {
    const float before = y[c];
    y[c] += 0.001f;
    cr_expect_not(bench_problem_check(&p, y, error, sizeof error), "%zu", c);
    y[c] = before;
  }
  bench_problem_close(&p);
}
