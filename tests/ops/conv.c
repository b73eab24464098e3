/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolutions of all kinds through the public functions: on every ISA of this CPU the same bits, those of the
 * canonical order. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/ops/conv_case.h"
#include "tests/ops/runners.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

enum {
  CAPACITY = 1 << 20
};

static conv_buffers buffers;

static void set_window(cardinal_conv_desc *d, int64_t height, int64_t width, int64_t stride_h, int64_t stride_w) {
  d->kernel_height = height;
  d->kernel_width = width;
  d->stride_height = stride_h;
  d->stride_width = stride_w;
}

static void set_pads(cardinal_conv_desc *d, int64_t top, int64_t left, int64_t bottom, int64_t right) {
  d->pad_top = top;
  d->pad_left = left;
  d->pad_bottom = bottom;
  d->pad_right = right;
}

/* The rest of a case: image, batch, layouts, epilogue, data. */
static void set_rest(conv_case *c, gauntlet_random *random, int64_t most_height, int64_t most_width) {
  cardinal_conv_desc *d = &c->desc;
  d->batch = gauntlet_between(random, 0, 2) ? 1 : gauntlet_integer(random, 2, 3);
  d->in_height = gauntlet_integer(random, 1, most_height);
  d->in_width = gauntlet_integer(random, 1, most_width);
  d->x_layout = (cardinal_layout)gauntlet_between(random, 0, 2);
  d->y_layout = (cardinal_layout)gauntlet_between(random, 0, 2);
  d->has_bias = (int32_t)gauntlet_between(random, 0, 1);
  d->has_residual = (int32_t)gauntlet_between(random, 0, 1);
  d->has_relu = (int32_t)gauntlet_between(random, 0, 1);
  c->residual_is_y = d->has_residual && gauntlet_between(random, 0, 1);
  c->data = gauntlet_between(random, 0, 1) ? DATA_RANDOM : (data_kind)gauntlet_between(random, 0, DATA_KINDS - 1);
  c->placement = (gauntlet_placement)gauntlet_between(random, 0, GAUNTLET_PLACEMENTS - 1);
  c->seed = gauntlet_u32(random);
  if (c->data == DATA_NEGATIVE_ZERO)
    d->has_bias = 1; /* without one a sum begins with +0 */
}

typedef void draw_case(conv_case *c, gauntlet_random *random);

static void draw_1x1(conv_case *c, gauntlet_random *random) {
  const int64_t most = gauntlet_integer(random, 0, 7) ? 70 : (int64_t)test_scale(700, 300);
  c->desc.in_channels = gauntlet_integer(random, 1, most);
  c->desc.out_channels = gauntlet_integer(random, 1, 70);
  static const int64_t strides[][2] = {{1, 1}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, {1, 2}, {3, 2}};
  const int64_t *stride = strides[gauntlet_between(random, 0, 6)];
  set_window(&c->desc, 1, 1, stride[0], stride[1]);
  set_rest(c, random, 9, 9);
}

static void draw_fc(conv_case *c, gauntlet_random *random) {
  c->desc.in_channels = gauntlet_integer(random, 1, (int64_t)test_scale(600, 100));
  c->desc.out_channels = gauntlet_integer(random, 1, 300);
  set_rest(c, random, 1, 1);
  c->desc.batch = gauntlet_integer(random, 1, 8);
}

static void draw_grouped_3x3(conv_case *c, gauntlet_random *random) {
  static const int64_t widths[] = {2, 3, 4, 4, 4, 5, 7, 8, 8, 8, 14, 16, 16, 24, 28, 32, 40};
  /* one side slot-aligned and the other not */
  static const int64_t unequal[][2] = {{4, 1}, {4, 3}, {8, 3}, {8, 5}, {5, 8}, {16, 8}, {8, 16}, {16, 24}, {24, 16}};
  int64_t in = widths[gauntlet_between(random, 0, 16)], out = in;
  if (gauntlet_between(random, 0, 3) == 0) {
    const int64_t *pair = unequal[gauntlet_between(random, 0, 8)];
    in = pair[0];
    out = pair[1];
  }
  c->desc.groups = gauntlet_integer(random, 2, in + out > 40 ? 3 : 9);
  c->desc.in_channels = in * c->desc.groups;
  c->desc.out_channels = out * c->desc.groups;
  const int64_t stride = gauntlet_integer(random, 1, 2);
  set_window(&c->desc, 3, 3, stride, stride);
  if (gauntlet_between(random, 0, 1))
    set_pads(&c->desc, 1, 1, 1, 1);
  else
    set_pads(&c->desc, gauntlet_integer(random, 0, 1), gauntlet_integer(random, 0, 1), gauntlet_integer(random, 0, 1),
             gauntlet_integer(random, 0, 1));
  set_rest(c, random, 8, 17);
}

static void draw_dense_3x3(conv_case *c, gauntlet_random *random) {
  c->desc.in_channels = gauntlet_integer(random, 1, 40);
  c->desc.out_channels = gauntlet_integer(random, 1, 40);
  const int64_t stride = gauntlet_integer(random, 1, 2);
  set_window(&c->desc, 3, 3, stride, stride);
  set_pads(&c->desc, 1, 1, 1, 1);
  set_rest(c, random, 8, 17);
}

static void draw_depthwise(conv_case *c, gauntlet_random *random) {
  const int64_t multiplier = gauntlet_between(random, 0, 2) ? 1 : gauntlet_integer(random, 2, 5);
  c->desc.groups = gauntlet_integer(random, 2, 40);
  c->desc.in_channels = c->desc.groups;
  c->desc.out_channels = c->desc.groups * multiplier;
  const int64_t stride = gauntlet_integer(random, 1, 2);
  set_window(&c->desc, 3, 3, stride, stride);
  set_pads(&c->desc, 1, 1, 1, 1);
  set_rest(c, random, 8, 17);
}

static void draw_stem(conv_case *c, gauntlet_random *random) {
  c->desc.in_channels = gauntlet_between(random, 0, 2) ? 3 : gauntlet_integer(random, 1, 20);
  c->desc.out_channels = gauntlet_integer(random, 1, 70);
  set_window(&c->desc, 7, 7, 2, 2);
  set_pads(&c->desc, 3, 3, 3, 3);
  set_rest(c, random, 12, 24);
  if (gauntlet_between(random, 0, 2))
    c->desc.x_layout = CARDINAL_LAYOUT_NCHW;
}

static void draw_any(conv_case *c, gauntlet_random *random) {
  static const int64_t widths[] = {1, 1, 2, 3, 4, 5, 8, 14, 16, 20};
  c->desc.groups = gauntlet_integer(random, 1, 6);
  c->desc.in_channels = c->desc.groups * widths[gauntlet_between(random, 0, 9)];
  c->desc.out_channels = c->desc.groups * widths[gauntlet_between(random, 0, 9)];
  set_window(&c->desc, gauntlet_integer(random, 1, 5), gauntlet_integer(random, 1, 5), gauntlet_integer(random, 1, 3),
             gauntlet_integer(random, 1, 3));
  c->desc.dilation_height = gauntlet_integer(random, 1, 3);
  c->desc.dilation_width = gauntlet_integer(random, 1, 3);
  set_pads(&c->desc, gauntlet_integer(random, 0, 6), gauntlet_integer(random, 0, 6), gauntlet_integer(random, 0, 6),
           gauntlet_integer(random, 0, 6));
  set_rest(c, random, 9, 9);
}

static bool has_output(const cardinal_conv_desc *d) {
  int64_t height, width;
  return cardinal_conv_output_size(d, &height, &width, NULL) == CARDINAL_OK;
}

/* Draws cases and runs each on all ISAs, with some number of threads, run in some way. */
static void run_drawn(draw_case *draw, size_t wanted) {
  conv_buffers_init(&buffers, CAPACITY);
  gauntlet_random random = test_random(17);
  size_t cases = 0, failures = 0, runs = 0;
  while (cases < wanted && failures < 3) {
    conv_case c = {.residual_is_y = 0};
    cardinal_conv_desc_init(&c.desc);
    draw(&c, &random);
    if (!has_output(&c.desc))
      continue;
    ++cases;
    conv_data data;
    conv_data_make(&data, &c);
    const uint32_t threads = (uint32_t)gauntlet_between(&random, 1, test_scale(4, 2));
    const runner way = (runner)gauntlet_between(&random, 0, RUNNERS - 1);
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
      const cardinal_context *context = runner_context((cardinal_isa)isa, threads, way);
      if (!context)
        continue;
      ++runs;
      failures += !conv_case_run(context, &c, &data, &buffers);
    }
    conv_data_free(&data);
  }
  cr_assert(runs >= cases && cases > 0);
}

Test(ops, conv_1x1) {
  run_drawn(draw_1x1, test_scale(400, 20));
}

Test(ops, conv_fully_connected) {
  run_drawn(draw_fc, test_scale(200, 8));
}

Test(ops, conv_grouped_3x3) {
  run_drawn(draw_grouped_3x3, test_scale(500, 24));
}

Test(ops, conv_dense_3x3) {
  run_drawn(draw_dense_3x3, test_scale(200, 6));
}

Test(ops, conv_depthwise) {
  run_drawn(draw_depthwise, test_scale(300, 8));
}

Test(ops, conv_stem) {
  run_drawn(draw_stem, test_scale(200, 6));
}

Test(ops, conv_any) {
  run_drawn(draw_any, test_scale(300, 16));
}

/* The layers that networks are made of, at sizes at which work is cut into many items. */
Test(ops, conv_layers_of_networks) {
  conv_buffers_init(&buffers, 1 << 22);
  static const struct {
    int64_t channels, size, out, groups, window, stride, pad;
  } layers[] = {{64, 56, 64, 1, 1, 1, 0},     {128, 28, 128, 32, 3, 1, 1}, {256, 28, 256, 32, 3, 2, 1},
                {1024, 14, 256, 1, 1, 1, 0},  {512, 14, 512, 32, 3, 1, 1}, {1024, 14, 1024, 32, 3, 2, 1},
                {1024, 7, 1024, 32, 3, 1, 1}, {256, 28, 256, 1, 1, 2, 0},  {1024, 7, 512, 1, 1, 1, 0},
                {64, 28, 64, 1, 3, 1, 1},     {112, 28, 112, 8, 3, 1, 1},  {2048, 1, 1000, 1, 1, 1, 0},
                {3, 64, 64, 1, 7, 2, 3}};
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; ++i) {
    conv_case c = {.residual_is_y = i % 3 == 2, .data = DATA_RANDOM, .placement = GAUNTLET_AT_END, .seed = i};
    cardinal_conv_desc_init(&c.desc);
    cardinal_conv_desc *d = &c.desc;
    d->in_channels = layers[i].channels;
    d->in_height = d->in_width = layers[i].size;
    if (test_small() && layers[i].size > 3)
      d->in_height = d->in_width = layers[i].size < 24 ? 3 : layers[i].size / 8;
    d->out_channels = layers[i].out;
    d->groups = layers[i].groups;
    if (test_small() && d->groups == 1 && d->in_channels * d->out_channels > 1 << 15)
      continue;
    set_window(d, layers[i].window, layers[i].window, layers[i].stride, layers[i].stride);
    set_pads(d, layers[i].pad, layers[i].pad, layers[i].pad, layers[i].pad);
    d->x_layout = layers[i].window == 7 ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
    d->has_bias = d->has_relu = 1;
    d->has_residual = i % 3 != 0;
    conv_data data;
    conv_data_make(&data, &c);
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      for (uint32_t threads = 1; threads <= 8; threads += 7) {
        const cardinal_context *context = runner_context((cardinal_isa)isa, threads, RUNNER_TEAM);
        if (context)
          conv_case_run(context, &c, &data, &buffers);
      }
    conv_data_free(&data);
  }
}
