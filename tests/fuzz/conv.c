/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Convolutions: descriptors of any content, to plans; and small ones, run on every ISA between guard pages and compared
 * with the oracle, bit for bit.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "gauntlet/data.h"
#include "gauntlet/memory.h"
#include "gauntlet/oracle.h"
#include "gauntlet/tensor.h"
#include "kernels/window.h"

enum {
  CAPACITY = 1 << 18,         /* floats of guarded memory */
  MOST_PRODUCTS = 1 << 18,    /* of a run, for the oracle's sake */
  MOST_FLOATS = CAPACITY / 2, /* of a tensor */
  LONGEST_DESC = 512
};

typedef struct buffers {
  gauntlet_memory x, weights, bias, residual, y, scratch;
} buffers;

static buffers *guarded(void) {
  static buffers b;
  if (!b.x.begin) {
    gauntlet_memory *const all[] = {&b.x, &b.weights, &b.bias, &b.residual, &b.y, &b.scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
      gauntlet_memory_init(all[i], CAPACITY);
  }
  return &b;
}

static bool intact(const buffers *b) {
  return gauntlet_memory_intact(&b->x) && gauntlet_memory_intact(&b->weights) && gauntlet_memory_intact(&b->bias) &&
         gauntlet_memory_intact(&b->residual) && gauntlet_memory_intact(&b->y) && gauntlet_memory_intact(&b->scratch);
}

/* The product of sizes from 1 on, or 0 if it's more than the limit. */
static size_t product_within(size_t limit, const int64_t *sizes, size_t count) {
  size_t product = 1;
  for (size_t i = 0; i < count; ++i) {
    if ((uint64_t)sizes[i] > limit / product)
      return 0;
    product *= (size_t)sizes[i];
  }
  return product;
}

/* Whether a descriptor that the library accepts, of that output, is small enough for a run here. */
static bool is_small(const cardinal_conv_desc *d, int64_t height, int64_t width) {
  const int64_t x[] = {d->batch, d->in_channels + 15, d->in_height, d->in_width};
  const int64_t y[] = {d->batch, d->out_channels + 15, height, width};
  const int64_t w[] = {d->in_channels / d->groups + 15, d->out_channels + 15, d->kernel_height, d->kernel_width};
  const int64_t products[] = {d->batch, d->out_channels,  height,         width, d->in_channels / d->groups,
                              1,        d->kernel_height, d->kernel_width};
  return product_within(MOST_FLOATS, x, 4) && product_within(MOST_FLOATS, y, 4) && product_within(MOST_FLOATS, w, 4) &&
         product_within(MOST_PRODUCTS, products, sizeof products / sizeof products[0]);
}

static cardinal_conv_desc bounded_desc(fuzz_input *input) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.x_layout = (cardinal_layout)fuzz_between(input, 0, 2);
  d.y_layout = (cardinal_layout)fuzz_between(input, 0, 2);
  d.batch = fuzz_between(input, 1, 3);
  d.groups = fuzz_between(input, 1, 40);
  d.in_channels = d.groups * fuzz_between(input, 1, 70);
  d.out_channels = d.groups * fuzz_between(input, 1, 70);
  d.in_height = fuzz_between(input, 1, 40);
  d.in_width = fuzz_between(input, 1, 40);
  d.kernel_height = fuzz_between(input, 1, 7);
  d.kernel_width = fuzz_between(input, 0, 1) ? fuzz_between(input, 1, 7) : d.kernel_height;
  d.stride_height = fuzz_between(input, 1, 3);
  d.stride_width = fuzz_between(input, 0, 1) ? fuzz_between(input, 1, 3) : d.stride_height;
  const bool dilated = fuzz_between(input, 0, 3) == 3;
  d.dilation_height = dilated ? fuzz_between(input, 1, 3) : 1;
  d.dilation_width = dilated ? fuzz_between(input, 1, 3) : 1;
  int64_t *const pads[] = {&d.pad_top, &d.pad_left, &d.pad_bottom, &d.pad_right};
  for (size_t i = 0; i < 4; ++i)
    *pads[i] = fuzz_between(input, 0, 6);
  d.has_bias = (int32_t)fuzz_between(input, 0, 1);
  d.has_residual = (int32_t)fuzz_between(input, 0, 1);
  d.has_relu = (int32_t)fuzz_between(input, 0, 1);
  return d;
}

static cardinal_reference_shape reference_shape(const cardinal_conv_desc *d, int64_t height, int64_t width) {
  return (cardinal_reference_shape){.batch = (size_t)d->batch,
                                    .groups = (size_t)d->groups,
                                    .in_channels = (size_t)d->in_channels,
                                    .in_height = (size_t)d->in_height,
                                    .in_width = (size_t)d->in_width,
                                    .out_channels = (size_t)d->out_channels,
                                    .out_height = (size_t)height,
                                    .out_width = (size_t)width,
                                    .window = cardinal_window_of_conv(d)};
}

static float *copy(gauntlet_memory *memory, const float *from, size_t floats, gauntlet_placement placement) {
  float *to = gauntlet_memory_place(memory, floats, placement);
  memcpy(to, from, floats * sizeof(float));
  return to;
}

/* One run of a plan: how it is cut and where its tensors lie. */
typedef struct way {
  gauntlet_placement placement;
  bool in_place;
  uint32_t threads;
  int serial;
} way;

static void run_on(cardinal_isa isa, const way *how, const cardinal_conv_desc *d, const data_problem *p,
                   const float *expected) {
  const cardinal_context *context = fuzz_context(isa, how->threads, how->serial);
  if (!context)
    return;
  buffers *b = guarded();
  const cardinal_reference_shape *s = &p->shape;
  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
  const size_t y_floats = tensor_floats(d->y_layout, s->batch, s->out_channels, out_pixels);
  const float *weights = copy(&b->weights, p->weights, p->weight_floats, how->placement);
  const float *bias = copy(&b->bias, p->bias, p->bias_floats, how->placement);
  cardinal_plan *plan;
  cardinal_error error;
  if (cardinal_conv_create(context, d, weights, d->has_bias ? bias : NULL, &plan, &error))
    fuzz_wrong("no plan on %s: %s", cardinal_isa_name(isa), error.message);
  float *x =
      gauntlet_memory_place(&b->x, tensor_floats(d->x_layout, s->batch, s->in_channels, in_pixels), how->placement);
  tensor_spread(d->x_layout, x, p->x, s->batch, s->in_channels, in_pixels);
  float *y = gauntlet_memory_place(&b->y, y_floats, how->placement), *residual = NULL;
  if (d->has_residual) {
    residual = how->in_place ? y : gauntlet_memory_place(&b->residual, y_floats, how->placement);
    tensor_spread(d->y_layout, residual, p->residual, s->batch, s->out_channels, out_pixels);
  }
  const size_t scratch_floats = (cardinal_plan_scratch_bytes(plan) + sizeof(float) - 1) / sizeof(float);
  float *large = scratch_floats > MOST_FLOATS ? malloc(scratch_floats * sizeof(float)) : NULL;
  float *scratch = large ? large : gauntlet_memory_place(&b->scratch, scratch_floats, how->placement);
  if (cardinal_plan_run(plan, x, residual, y, scratch, &error))
    fuzz_wrong("no run on %s: %s", cardinal_isa_name(isa), error.message);
  const size_t at = tensor_difference(d->y_layout, y, expected, s->batch, s->out_channels, out_pixels);
  if (at != p->y_floats)
    fuzz_wrong("kernel %s: output %zu of %zu differs from the oracle's", cardinal_plan_kernel(plan), at, p->y_floats);
  if (!intact(b))
    fuzz_wrong("kernel %s wrote beside a buffer", cardinal_plan_kernel(plan));
  cardinal_plan_destroy(plan);
  free(large);
}

static void run_everywhere(const cardinal_conv_desc *d, int64_t height, int64_t width, fuzz_input *input) {
  const cardinal_reference_shape shape = reference_shape(d, height, width);
  const data_kind kind = (data_kind)fuzz_between(input, 0, DATA_KINDS - 1);
  way how = {.placement = (gauntlet_placement)fuzz_between(input, 0, GAUNTLET_PLACEMENTS - 1),
             .in_place = fuzz_between(input, 0, 1) != 0,
             .threads = (uint32_t)fuzz_between(input, 1, 4),
             .serial = (int)fuzz_between(input, 0, 3) != 3};
  gauntlet_random random = {.state = (uint64_t)fuzz_between(input, 0, 255)};
  data_problem problem;
  const data_wish wish = {.shape = shape, .residual = d->has_residual, .kind = kind};
  data_problem_make(&problem, &wish, &random);
  if (!d->has_bias)
    memset(problem.bias, 0, problem.bias_floats * sizeof(float));
  float *expected = malloc(problem.y_floats * sizeof(float));
  oracle_plain(&problem, d->has_relu, expected);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    run_on((cardinal_isa)isa, &how, d, &problem, expected);
  data_problem_free(&problem);
  free(expected);
}

/* A descriptor of any content and size. */
static void try_any_desc(fuzz_input *input) {
  static const float value[1];
  cardinal_conv_desc *desc = fuzz_struct(input);
  int64_t height = -1, width = -1;
  cardinal_error error;
  const cardinal_status status = cardinal_conv_output_size(desc, &height, &width, &error);
  if (status) {
    fuzz_check_error(status, &error);
    if (height != -1 || width != -1)
      fuzz_wrong("a refused descriptor still gave an output of %lldx%lld", (long long)height, (long long)width);
    cardinal_plan *plan = NULL;
    const cardinal_status other =
        cardinal_conv_create(fuzz_context(CARDINAL_ISA_GENERIC, 1, 1), desc, value, value, &plan, &error);
    fuzz_check_error(other, &error);
    if (plan)
      fuzz_wrong("a refused descriptor still gave a plan");
  } else if (height < 1 || width < 1) {
    fuzz_wrong("an output of %lldx%lld", (long long)height, (long long)width);
  }
  free(desc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_input input = {bytes, size};
  if (fuzz_between(&input, 0, 7) == 0) {
    try_any_desc(&input);
    return 0;
  }
  const cardinal_conv_desc d = bounded_desc(&input);
  int64_t height, width;
  cardinal_error error;
  const cardinal_status status = cardinal_conv_output_size(&d, &height, &width, &error);
  if (status)
    fuzz_check_error(status, &error);
  else if (is_small(&d, height, width))
    run_everywhere(&d, height, width, &input);
  return 0;
}
