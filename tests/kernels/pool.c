/* SPDX-License-Identifier: BSD-3-Clause */
/* Pooling: every registered kernel against the oracle and its portable twin. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/harness.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

typedef struct pool_case {
  size_t in_h, in_w, out_h, out_w;
  cardinal_window window;
  size_t row_begin, row_end;
  size_t gap; /* floats between rows, times 16 */
  uint32_t lane_mask;
  data_kind data; /* random, integers or hard */
  gauntlet_placement placement;
} pool_case;

enum {
  CAPACITY = 1 << 18
};

static harness_buffers buffers;

static void describe(const pool_case *c, size_t run) {
  static const char *const placements[] = {"at start", "at end", "askew"};
  harness_case(
      "run %zu: %zux%zu in, %zux%zu out, window %zux%zu, stride %zux%zu, pads %zu %zu %zu %zu (top left bottom "
      "right), rows %zu to %zu, gap %zu, lanes %04x, %s data, %s",
      run, c->in_h, c->in_w, c->out_h, c->out_w, c->window.kernel_h, c->window.kernel_w, c->window.stride_h,
      c->window.stride_w, c->window.pad_top, c->window.pad_left, c->window.pad_bottom, c->window.pad_right,
      c->row_begin, c->row_end, c->gap, c->lane_mask, data_kind_name(c->data), placements[c->placement]);
}

static bool accepted(const cardinal_kernel *kernel, const pool_case *c) {
  return harness_accepts(kernel, &(cardinal_shape){.operation = kernel->operation,
                                                   .batch = 1,
                                                   .groups = CARDINAL_BLOCK,
                                                   .in_per_group = 1,
                                                   .out_per_group = 1,
                                                   .in_height = c->in_h,
                                                   .in_width = c->in_w,
                                                   .out_height = c->out_h,
                                                   .out_width = c->out_w,
                                                   .window = c->window});
}

static float draw(data_kind kind, gauntlet_random *random) {
  switch (kind) {
  case DATA_INTEGERS:
    return (float)gauntlet_integer(random, -3, 3) *
           (gauntlet_between(random, 0, 1) ? 1.0f : -1.0f); /* both zeros, and ties */
  case DATA_HARD:
    return gauntlet_hard_float(random);
  default:
    return gauntlet_uniform(random);
  }
}

static void vary(pool_case *c, size_t run) {
  static const data_kind kinds[] = {DATA_RANDOM, DATA_INTEGERS, DATA_HARD};
  gauntlet_random random = harness_random(run);
  c->data = kinds[run];
  c->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
  c->gap = gauntlet_between(&random, 0, 3) ? 0 : gauntlet_between(&random, 1, 2);
  c->lane_mask = gauntlet_between(&random, 0, 1) ? CARDINAL_ALL_LANES : gauntlet_u32(&random) & CARDINAL_ALL_LANES;
  c->row_begin = gauntlet_between(&random, 0, 2) ? 0 : gauntlet_between(&random, 0, c->out_h - 1);
  c->row_end = gauntlet_between(&random, 0, 2) ? c->out_h : gauntlet_between(&random, c->row_begin, c->out_h);
}

static bool run_case(const cardinal_kernel *kernel, const pool_case *c, size_t run) {
  describe(c, run);
  gauntlet_random random = harness_random(run);
  cardinal_pool_args args = {.in_height = c->in_h,
                             .in_width = c->in_w,
                             .out_width = c->out_w,
                             .row_begin = c->row_begin,
                             .row_end = c->row_end,
                             .x_row = (c->in_w + c->gap) * CARDINAL_BLOCK,
                             .y_row = (c->out_w + c->gap) * CARDINAL_BLOCK,
                             .window = c->window,
                             .lane_mask = c->lane_mask};
  const bool average = kernel->operation == CARDINAL_OPERATION_AVERAGE_POOL;
  const size_t x_floats = (c->in_h - 1) * args.x_row + c->in_w * CARDINAL_BLOCK;
  const size_t y_floats = average ? CARDINAL_BLOCK : (c->out_h - 1) * args.y_row + c->out_w * CARDINAL_BLOCK;
  float *x = gauntlet_memory_place(&buffers.x, x_floats, c->placement);
  for (size_t row = 0; row < c->in_h; ++row)
    for (size_t i = 0; i < c->in_w * CARDINAL_BLOCK; ++i)
      x[row * args.x_row + i] = draw(c->data, &random);
  args.x = x;
  args.y = gauntlet_memory_place(&buffers.y, y_floats, c->placement);

  float *expected = malloc(2 * y_floats * sizeof(float));
  float *twins = expected + y_floats;
  memcpy(expected, args.y, y_floats * sizeof(float));
  memcpy(twins, args.y, y_floats * sizeof(float));
  cardinal_pool_args oracle = args;
  oracle.y = expected;
  if (average)
    oracle_average_pool(&oracle);
  else
    oracle_max_pool(&oracle);

  kernel->pool(&args);
  bool right = harness_equal(args.y, expected, y_floats, "the oracle");
  if (right && strcmp(kernel->twin, kernel->name) != 0) {
    cardinal_pool_args twin = args;
    twin.y = twins;
    cardinal_kernel_find(kernel->twin)->pool(&twin);
    right = harness_equal(args.y, twins, y_floats, kernel->twin);
  }
  if (right && !harness_buffers_intact(&buffers))
    right = harness_fail("memory beside an argument was written");
  free(expected);
  return right;
}

static bool try_case(const cardinal_kernel *kernel, pool_case c, size_t *cases) {
  if (c.in_h + c.window.pad_top + c.window.pad_bottom < c.window.kernel_h ||
      c.in_w + c.window.pad_left + c.window.pad_right < c.window.kernel_w)
    return true;
  c.out_h = (c.in_h + c.window.pad_top + c.window.pad_bottom - c.window.kernel_h) / c.window.stride_h + 1;
  c.out_w = (c.in_w + c.window.pad_left + c.window.pad_right - c.window.kernel_w) / c.window.stride_w + 1;
  if (!accepted(kernel, &c))
    return true;
  for (size_t run = 0; run < 3; ++run, ++*cases) { /* each kind of data */
    pool_case varied = c;
    describe(&varied, run);
    vary(&varied, run);
    if (!run_case(kernel, &varied, run))
      return false;
  }
  return true;
}

static bool max_cases(const cardinal_kernel *kernel, size_t *cases) {
  for (size_t width = 1; width <= test_scale(40, 17); ++width) /* 3×3 stride 2, as networks have it */
    for (size_t pads = 0; pads < 16; pads += test_scale(1, 5))
      if (!try_case(kernel,
                    (pool_case){.in_h = 1 + (width + pads) % 6,
                                .in_w = width,
                                .window = {.kernel_h = 3,
                                           .kernel_w = 3,
                                           .stride_h = 2,
                                           .stride_w = 2,
                                           .pad_top = pads >> 1 & 1,
                                           .pad_left = pads & 1,
                                           .pad_bottom = pads >> 2 & 1,
                                           .pad_right = pads >> 3 & 1}},
                    cases))
        return false;
  gauntlet_random random = test_random(2);
  for (size_t number = 0; number < test_scale(1000, 50); ++number) {
    const size_t kernel_h = gauntlet_between(&random, 1, 4), kernel_w = gauntlet_between(&random, 1, 4);
    if (!try_case(kernel,
                  (pool_case){.in_h = gauntlet_between(&random, 1, 8),
                              .in_w = gauntlet_between(&random, 1, 20),
                              .window = {.kernel_h = kernel_h,
                                         .kernel_w = kernel_w,
                                         .stride_h = gauntlet_between(&random, 1, 3),
                                         .stride_w = gauntlet_between(&random, 1, 3),
                                         .pad_top = gauntlet_between(&random, 0, kernel_h - 1),
                                         .pad_left = gauntlet_between(&random, 0, kernel_w - 1),
                                         .pad_bottom = gauntlet_between(&random, 0, kernel_h - 1),
                                         .pad_right = gauntlet_between(&random, 0, kernel_w - 1)}},
                  cases))
      return false;
  }
  return true;
}

static bool average_cases(const cardinal_kernel *kernel, size_t *cases) {
  for (size_t height = 1; height <= 9; ++height)
    for (size_t width = 1; width <= test_scale(17, 9); ++width)
      if (!try_case(kernel,
                    (pool_case){.in_h = height,
                                .in_w = width,
                                .window = {.kernel_h = height, .kernel_w = width, .stride_h = 1, .stride_w = 1}},
                    cases))
        return false;
  return true;
}

static bool pool_cases(const cardinal_kernel *kernel, size_t *cases) {
  harness_buffers_init(&buffers, CAPACITY);
  return kernel->operation == CARDINAL_OPERATION_MAX_POOL ? max_cases(kernel, cases) : average_cases(kernel, cases);
}

/* A little below what runs. */
static size_t least_pool(const cardinal_kernel *kernel) {
  return kernel->operation == CARDINAL_OPERATION_MAX_POOL ? test_scale(4300, 300) : test_scale(450, 240);
}

Test(kernels, pool) {
  harness_run(CARDINAL_FORM_POOL, pool_cases, least_pool);
}

/* The sum's order shows in an average, too: columns inside rows. */
Test(kernels, average_pool_data_tell_orders_apart) {
  float x[5 * 7 * CARDINAL_BLOCK], canonical[CARDINAL_BLOCK], columns_first[CARDINAL_BLOCK];
  gauntlet_random random = {.state = 3};
  for (size_t i = 0; i < sizeof x / sizeof x[0]; ++i)
    x[i] = gauntlet_uniform(&random);
  oracle_average_pool(&(cardinal_pool_args){.x = x,
                                            .y = canonical,
                                            .in_height = 5,
                                            .in_width = 7,
                                            .x_row = 7 * CARDINAL_BLOCK,
                                            .lane_mask = CARDINAL_ALL_LANES});
  size_t different = 0;
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float sum = 0.0f;
    for (size_t column = 0; column < 7; ++column)
      for (size_t row = 0; row < 5; ++row)
        sum += x[(row * 7 + column) * CARDINAL_BLOCK + l];
    columns_first[l] = sum * (float)(1.0 / 35.0);
    different += !gauntlet_same(canonical[l], columns_first[l]);
  }
  cr_expect(different > 4, "only %zu of 16 averages differ", different);
}
