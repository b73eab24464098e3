/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools: descriptors of any content, to plans; and small ones, run on every ISA between guard pages and compared with
 * plain loops, bit for bit. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "gauntlet/memory.h"
#include "gauntlet/oracle.h"
#include "gauntlet/random.h"
#include "gauntlet/tensor.h"
#include "kernels/window.h"

enum {
  CAPACITY = 1 << 17
};

static gauntlet_memory x_memory, y_memory, scratch_memory;

static cardinal_pool_desc bounded_desc(fuzz_input *input) {
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.kind = (cardinal_pool_kind)fuzz_between(input, 0, 1);
  d.x_layout = (cardinal_layout)fuzz_between(input, 0, 2);
  d.y_layout = (cardinal_layout)fuzz_between(input, 0, 2);
  d.batch = fuzz_between(input, 1, 3);
  d.channels = fuzz_between(input, 1, 50);
  d.in_height = fuzz_between(input, 1, 30);
  d.in_width = fuzz_between(input, 1, 30);
  d.kernel_height = fuzz_between(input, 1, 5);
  d.kernel_width = fuzz_between(input, 1, 5);
  d.stride_height = fuzz_between(input, 1, 4);
  d.stride_width = fuzz_between(input, 1, 4);
  int64_t *const pads[] = {&d.pad_top, &d.pad_left, &d.pad_bottom, &d.pad_right};
  for (size_t i = 0; i < 4; ++i)
    *pads[i] = fuzz_between(input, 0, 5); /* too much is refused */
  return d;
}

static void pool_plainly(cardinal_pool_kind kind, const cardinal_reference_shape *s, const float *x, float *y) {
  const size_t pixels = s->in_height * s->in_width;
  if (kind == CARDINAL_POOL_MAX) {
    cardinal_naive_max_pool(s, x, y);
    return;
  }
  for (size_t plane = 0; plane < s->batch * s->in_channels; ++plane) {
    float sum = +0.0f;
    for (size_t i = 0; i < pixels; ++i)
      sum = sum + x[plane * pixels + i];
    y[plane] = sum * (float)(1.0 / (double)pixels);
  }
}

static void run_on(cardinal_isa isa, uint32_t threads, gauntlet_placement placement, const cardinal_pool_desc *d,
                   const cardinal_reference_shape *s, const float *x_plain, const float *expected) {
  const cardinal_context *context = fuzz_context(isa, threads, threads == 1);
  if (!context)
    return;
  cardinal_plan *plan;
  cardinal_error error;
  if (cardinal_pool_create(context, d, &plan, &error))
    fuzz_wrong("no plan on %s: %s", cardinal_isa_name(isa), error.message);
  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
  float *x =
      gauntlet_memory_place(&x_memory, tensor_floats(d->x_layout, s->batch, s->in_channels, in_pixels), placement);
  float *y =
      gauntlet_memory_place(&y_memory, tensor_floats(d->y_layout, s->batch, s->in_channels, out_pixels), placement);
  float *scratch = gauntlet_memory_place(
      &scratch_memory, (cardinal_plan_scratch_bytes(plan) + sizeof(float) - 1) / sizeof(float), placement);
  tensor_spread(d->x_layout, x, x_plain, s->batch, s->in_channels, in_pixels);
  if (cardinal_plan_run(plan, x, NULL, y, scratch, &error))
    fuzz_wrong("no run on %s: %s", cardinal_isa_name(isa), error.message);
  const size_t floats = s->batch * s->in_channels * out_pixels;
  const size_t at = tensor_difference(d->y_layout, y, expected, s->batch, s->in_channels, out_pixels);
  if (at != floats)
    fuzz_wrong("kernel %s: output %zu of %zu differs from the plain loop's", cardinal_plan_kernel(plan), at, floats);
  if (!gauntlet_memory_intact(&x_memory) || !gauntlet_memory_intact(&y_memory) ||
      !gauntlet_memory_intact(&scratch_memory))
    fuzz_wrong("kernel %s wrote beside a buffer", cardinal_plan_kernel(plan));
  cardinal_plan_destroy(plan);
}

static void run_everywhere(const cardinal_pool_desc *d, int64_t height, int64_t width, fuzz_input *input) {
  if (!x_memory.begin) {
    gauntlet_memory_init(&x_memory, CAPACITY * 2);
    gauntlet_memory_init(&y_memory, CAPACITY * 4);
    gauntlet_memory_init(&scratch_memory, CAPACITY * 8);
  }
  const cardinal_reference_shape shape = {.batch = (size_t)d->batch,
                                          .in_channels = (size_t)d->channels,
                                          .in_height = (size_t)d->in_height,
                                          .in_width = (size_t)d->in_width,
                                          .out_height = (size_t)height,
                                          .out_width = (size_t)width,
                                          .window = cardinal_window_of_pool(d)};
  const gauntlet_placement placement = (gauntlet_placement)fuzz_between(input, 0, GAUNTLET_PLACEMENTS - 1);
  const uint32_t threads = (uint32_t)fuzz_between(input, 1, 4);
  gauntlet_random random = {.state = (uint64_t)fuzz_between(input, 0, 255)};
  const size_t planes = shape.batch * shape.in_channels, x_floats = planes * shape.in_height * shape.in_width;
  float *x = malloc(x_floats * sizeof(float));
  float *expected = malloc(planes * shape.out_height * shape.out_width * sizeof(float));
  for (size_t i = 0; i < x_floats; ++i)
    x[i] = gauntlet_hard_float(&random);
  pool_plainly(d->kind, &shape, x, expected);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    run_on((cardinal_isa)isa, threads, placement, d, &shape, x, expected);
  free(x);
  free(expected);
}

/* A descriptor of any content and size. */
static void try_any_desc(fuzz_input *input) {
  cardinal_pool_desc *desc = fuzz_struct(input);
  int64_t height = -1, width = -1;
  cardinal_plan *plan = NULL;
  cardinal_error error;
  const cardinal_status status = cardinal_pool_output_size(desc, &height, &width, &error);
  if (status)
    fuzz_check_error(status, &error);
  /* No weights, no memory in proportion to the shape: any descriptor that is accepted may become a plan. */
  const cardinal_status other = cardinal_pool_create(fuzz_context(CARDINAL_ISA_GENERIC, 1, 1), desc, &plan, &error);
  if (other)
    fuzz_check_error(other, &error);
  if (status && !other)
    fuzz_wrong("a pool without an output size became a plan");
  cardinal_plan_destroy(plan);
  free(desc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_input input = {bytes, size};
  if (fuzz_between(&input, 0, 7) == 0) {
    try_any_desc(&input);
    return 0;
  }
  const cardinal_pool_desc d = bounded_desc(&input);
  int64_t height, width;
  cardinal_error error;
  const cardinal_status status = cardinal_pool_output_size(&d, &height, &width, &error);
  if (status)
    fuzz_check_error(status, &error);
  else
    run_everywhere(&d, height, width, &input);
  return 0;
}
