/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/ops/conv_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/oracle.h"

const char *conv_case_text(const conv_case *c) {
  static char text[512];
  static const char *const placements[] = {"at start", "at end", "askew"};
  const cardinal_conv_desc *d = &c->desc;
  snprintf(
      text, sizeof text,
      "%lldx%lldx%lldx%lld %s, %lld out as %s, groups %lld, window %lldx%lld, stride %lldx%lld, dilation %lldx%lld, "
      "pads %lld %lld %lld %lld (top left bottom right)%s%s%s%s, %s data, %s, seed %llu",
      (long long)d->batch, (long long)d->in_channels, (long long)d->in_height, (long long)d->in_width,
      tensor_layout_name(d->x_layout), (long long)d->out_channels, tensor_layout_name(d->y_layout),
      (long long)d->groups, (long long)d->kernel_height, (long long)d->kernel_width, (long long)d->stride_height,
      (long long)d->stride_width, (long long)d->dilation_height, (long long)d->dilation_width, (long long)d->pad_top,
      (long long)d->pad_left, (long long)d->pad_bottom, (long long)d->pad_right, d->has_bias ? ", bias" : "",
      d->has_residual ? ", residual" : "", c->residual_is_y ? " in place" : "", d->has_relu ? ", relu" : "",
      data_kind_name(c->data), placements[c->placement], (unsigned long long)c->seed);
  return text;
}

/* The expected outputs come from the oracle alone; double precision, in another order, must agree with them. */
static void expect_double_to_agree(const conv_case *c, const conv_data *data) {
  data_check check;
  data_check_start(&check, &data->problem, c->data, c->desc.has_relu);
  for (size_t at = 0; at < data->problem.y_floats; ++at)
    if (!data_check_value(&check, at, data->expected[at]))
      cr_assert_fail("%s: output %zu is %a, in double precision it is %a", conv_case_text(c), at,
                     (double)data->expected[at], check.reference[at]);
  data_check_end(&check);
}

void conv_data_make(conv_data *data, const conv_case *c) {
  const cardinal_conv_desc *d = &c->desc;
  int64_t height, width;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_output_size(d, &height, &width, &error), CARDINAL_OK, "%s", error.message);
  const cardinal_reference_shape shape = {.batch = (size_t)d->batch,
                                          .groups = (size_t)d->groups,
                                          .in_channels = (size_t)d->in_channels,
                                          .in_height = (size_t)d->in_height,
                                          .in_width = (size_t)d->in_width,
                                          .out_channels = (size_t)d->out_channels,
                                          .out_height = (size_t)height,
                                          .out_width = (size_t)width,
                                          .window = cardinal_window_of_conv(d)};
  gauntlet_random random = {.state = c->seed};
  const data_wish wish = {.shape = shape, .residual = d->has_residual, .kind = c->data};
  data_problem_make(&data->problem, &wish, &random);
  if (!d->has_bias)
    memset(data->problem.bias, 0, data->problem.bias_floats * sizeof(float)); /* the reference's "no bias" */
  data->expected = malloc(data->problem.y_floats * sizeof(float));
  oracle_plain(&data->problem, d->has_relu, data->expected);
  expect_double_to_agree(c, data);
}

void conv_data_free(conv_data *data) {
  data_problem_free(&data->problem);
  free(data->expected);
}

void conv_buffers_init(conv_buffers *b, size_t capacity) {
  gauntlet_memory *const all[] = {&b->x, &b->weights, &b->bias, &b->residual, &b->y, &b->scratch};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
    gauntlet_memory_init(all[i], capacity);
}

static bool intact(const conv_buffers *b) {
  return gauntlet_memory_intact(&b->x) && gauntlet_memory_intact(&b->weights) && gauntlet_memory_intact(&b->bias) &&
         gauntlet_memory_intact(&b->residual) && gauntlet_memory_intact(&b->y) && gauntlet_memory_intact(&b->scratch);
}

static bool wrong(const cardinal_context *context, const conv_case *c, const char *kernel, const char *what) {
  cr_expect(false, "%s, %u threads, kernel %s: %s: %s", cardinal_isa_name(cardinal_context_isa(context)),
            cardinal_context_threads(context), kernel, conv_case_text(c), what);
  return false;
}

bool conv_case_run(const cardinal_context *context, const conv_case *c, const conv_data *data, conv_buffers *buffers) {
  const cardinal_conv_desc *d = &c->desc;
  const data_problem *p = &data->problem;
  const cardinal_reference_shape *s = &p->shape;
  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
  const size_t x_floats = tensor_floats(d->x_layout, s->batch, s->in_channels, in_pixels);
  const size_t y_floats = tensor_floats(d->y_layout, s->batch, s->out_channels, out_pixels);

  float *weights = gauntlet_memory_place(&buffers->weights, p->weight_floats, c->placement);
  memcpy(weights, p->weights, p->weight_floats * sizeof(float));
  float *bias = gauntlet_memory_place(&buffers->bias, p->bias_floats, c->placement);
  memcpy(bias, p->bias, p->bias_floats * sizeof(float));
  cardinal_plan *plan = NULL;
  cardinal_error error;
  if (cardinal_conv_create(context, d, weights, d->has_bias ? bias : NULL, &plan, &error) != CARDINAL_OK)
    return wrong(context, c, "none", error.message);
  memset(weights, 0xFF, p->weight_floats * sizeof(float)); /* they needn't live longer */
  memset(bias, 0xFF, p->bias_floats * sizeof(float));

  float *x = gauntlet_memory_place(&buffers->x, x_floats, c->placement);
  tensor_spread(d->x_layout, x, p->x, s->batch, s->in_channels, in_pixels);
  float *y = gauntlet_memory_place(&buffers->y, y_floats, c->placement);
  float *residual = NULL;
  if (d->has_residual) {
    residual = c->residual_is_y ? y : gauntlet_memory_place(&buffers->residual, y_floats, c->placement);
    tensor_spread(d->y_layout, residual, p->residual, s->batch, s->out_channels, out_pixels);
  }
  /* Scratch of any alignment, odd addresses included, with nothing to spare. */
  const size_t scratch_bytes = cardinal_plan_scratch_bytes(plan);
  const size_t odd = c->placement == GAUNTLET_ASKEW ? 1 : 0;
  char *scratch = (char *)gauntlet_memory_place(&buffers->scratch, (scratch_bytes + odd + 3) / 4, c->placement) + odd;

  const char *kernel = cardinal_plan_kernel(plan);
  char what[1100];
  bool right = true;
  if (cardinal_plan_run(plan, x, residual, y, scratch, &error) != CARDINAL_OK)
    right = wrong(context, c, kernel, error.message);
  if (right) {
    const size_t at = tensor_difference(d->y_layout, y, data->expected, s->batch, s->out_channels, out_pixels);
    if (at < p->y_floats) {
      snprintf(what, sizeof what, "image %zu, channel %zu, row %zu, column %zu is %a, expected %a",
               at / out_pixels / s->out_channels, at / out_pixels % s->out_channels, at / s->out_width % s->out_height,
               at % s->out_width,
               (double)y[tensor_index(d->y_layout, s->out_channels, out_pixels, at / out_pixels / s->out_channels,
                                      at / out_pixels % s->out_channels, at % out_pixels)],
               (double)data->expected[at]);
      right = wrong(context, c, kernel, what);
    } else if (at > p->y_floats) {
      right = wrong(context, c, kernel, "a padding lane is not +0");
    }
  }
  if (right && !intact(buffers))
    right = wrong(context, c, kernel, "memory beside a buffer was written");
  cardinal_plan_destroy(plan);
  return right;
}
