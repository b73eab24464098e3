/* SPDX-License-Identifier: BSD-3-Clause */
/* Pooling through the public functions. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/ops/conv_case.h"
#include "tests/ops/runners.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

enum {
  CAPACITY = 1 << 18
};

static gauntlet_memory x_memory, y_memory, scratch_memory;

static float draw(int hard, gauntlet_random *random) {
  return hard ? gauntlet_hard_float(random)
              : (float)gauntlet_integer(random, -3, 3) * (gauntlet_u32(random) & 1 ? 1.0f : -1.0f);
}

static void average(const cardinal_reference_shape *s, const float *x, float *y) {
  const size_t pixels = s->in_height * s->in_width;
  for (size_t plane = 0; plane < s->batch * s->in_channels; ++plane) {
    float sum = +0.0f;
    for (size_t p = 0; p < pixels; ++p)
      sum = sum + x[plane * pixels + p];
    y[plane] = sum * (float)(1.0 / (double)pixels);
  }
}

static bool run_one(const cardinal_context *context, const cardinal_pool_desc *d, const cardinal_reference_shape *s,
                    const float *x_plain, const float *expected, gauntlet_placement placement) {
  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
  cardinal_plan *plan = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_pool_create(context, d, &plan, &error), CARDINAL_OK, "%s", error.message);
  float *x =
      gauntlet_memory_place(&x_memory, tensor_floats(d->x_layout, s->batch, s->in_channels, in_pixels), placement);
  float *y =
      gauntlet_memory_place(&y_memory, tensor_floats(d->y_layout, s->batch, s->in_channels, out_pixels), placement);
  const size_t odd = placement == GAUNTLET_ASKEW ? 2 : 0;
  char *scratch =
      (char *)gauntlet_memory_place(&scratch_memory, (cardinal_plan_scratch_bytes(plan) + odd + 3) / 4, placement) +
      odd;
  tensor_spread(d->x_layout, x, x_plain, s->batch, s->in_channels, in_pixels);
  cr_assert_eq(cardinal_plan_run(plan, x, NULL, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  const size_t floats = s->batch * s->in_channels * out_pixels;
  const size_t at = tensor_difference(d->y_layout, y, expected, s->batch, s->in_channels, out_pixels);
  const bool right = at == floats && gauntlet_memory_intact(&x_memory) && gauntlet_memory_intact(&y_memory) &&
                     gauntlet_memory_intact(&scratch_memory);
  cr_expect(right,
            "%s, kernel %s, kind %d: %zux%zux%zux%zu %s to %zux%zu %s, window %zux%zu, stride %zux%zu, pads %zu %zu: "
            "wrong at %zu of %zu",
            cardinal_isa_name(cardinal_context_isa(context)), cardinal_plan_kernel(plan), (int)d->kind, s->batch,
            s->in_channels, s->in_height, s->in_width, tensor_layout_name(d->x_layout), s->out_height, s->out_width,
            tensor_layout_name(d->y_layout), s->window.kernel_h, s->window.kernel_w, s->window.stride_h,
            s->window.stride_w, s->window.pad_top, s->window.pad_left, at, floats);
  cardinal_plan_destroy(plan);
  return right;
}

static void run_drawn(cardinal_pool_kind kind, size_t wanted) {
  gauntlet_memory_init(&x_memory, CAPACITY);
  gauntlet_memory_init(&y_memory, CAPACITY);
  gauntlet_memory_init(&scratch_memory, CAPACITY);
  gauntlet_random random = test_random(23);
  size_t cases = 0, failures = 0;
  while (cases < wanted && failures < 3) {
    cardinal_pool_desc d;
    cardinal_pool_desc_init(&d);
    d.kind = kind;
    d.batch = gauntlet_integer(&random, 1, 3);
    d.channels = gauntlet_integer(&random, 1, 40);
    d.in_height = gauntlet_integer(&random, 1, 12);
    d.in_width = gauntlet_integer(&random, 1, 12);
    const bool usual = gauntlet_between(&random, 0, 1);
    d.kernel_height = usual ? 3 : gauntlet_integer(&random, 1, 4);
    d.kernel_width = usual ? 3 : gauntlet_integer(&random, 1, 4);
    d.stride_height = usual ? 2 : gauntlet_integer(&random, 1, 3);
    d.stride_width = usual ? 2 : gauntlet_integer(&random, 1, 3);
    d.pad_top = gauntlet_integer(&random, 0, d.kernel_height - 1);
    d.pad_left = gauntlet_integer(&random, 0, d.kernel_width - 1);
    d.pad_bottom = gauntlet_integer(&random, 0, d.kernel_height - 1);
    d.pad_right = gauntlet_integer(&random, 0, d.kernel_width - 1);
    d.x_layout = (cardinal_layout)gauntlet_between(&random, 0, 2);
    d.y_layout = (cardinal_layout)gauntlet_between(&random, 0, 2);
    int64_t height, width;
    if (cardinal_pool_output_size(&d, &height, &width, NULL) != CARDINAL_OK)
      continue;
    ++cases;
    const cardinal_reference_shape shape = {.batch = (size_t)d.batch,
                                            .in_channels = (size_t)d.channels,
                                            .in_height = (size_t)d.in_height,
                                            .in_width = (size_t)d.in_width,
                                            .out_height = (size_t)height,
                                            .out_width = (size_t)width,
                                            .window = cardinal_window_of_pool(&d)};
    const size_t planes = shape.batch * shape.in_channels;
    const size_t x_floats = planes * shape.in_height * shape.in_width;
    float *x = malloc(x_floats * sizeof(float));
    float *expected = malloc(planes * shape.out_height * shape.out_width * sizeof(float));
    const int hard = (int)gauntlet_between(&random, 0, 1);
    for (size_t i = 0; i < x_floats; ++i)
      x[i] = draw(hard, &random);
    if (kind == CARDINAL_POOL_MAX)
      cardinal_naive_max_pool(&shape, x, expected);
    else
      average(&shape, x, expected);
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
      const cardinal_context *context =
          runner_context((cardinal_isa)isa, 1 + (uint32_t)(cases % 3), (runner)(cases % RUNNERS));
      if (context)
        failures += !run_one(context, &d, &shape, x, expected, (gauntlet_placement)(cases % GAUNTLET_PLACEMENTS));
    }
    free(x);
    free(expected);
  }
}

Test(ops, pool_max) {
  run_drawn(CARDINAL_POOL_MAX, test_scale(500, 20));
}

Test(ops, pool_average_global) {
  run_drawn(CARDINAL_POOL_AVERAGE_GLOBAL, test_scale(200, 10));
}
