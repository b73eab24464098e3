/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolutions with a window: every registered kernel against the oracle, its portable twin, exact data and the
 * double-precision bound. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/harness.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

typedef enum residual_kind {
  RESIDUAL_NONE,
  RESIDUAL_APART,
  RESIDUAL_IN_PLACE,
  RESIDUAL_KINDS
} residual_kind;

typedef struct conv_case {
  bool planes;
  size_t channels, slot, in_h, in_w;
  cardinal_window window;
  size_t out_h, out_w; /* follow from the others */
  size_t row_begin, row_end;
  size_t gap; /* floats between rows, times 16 */
  uint32_t lane_mask, relu;
  residual_kind residual;
  data_kind data;
  gauntlet_placement placement;
} conv_case;

enum {
  CAPACITY = 1 << 19
};

static harness_buffers buffers;

static bool output_size(size_t in, size_t pad, size_t spanned, size_t stride, size_t *out) {
  if (in + pad < spanned)
    return false;
  *out = (in + pad - spanned) / stride + 1;
  return true;
}

/* Fills what follows from the rest; false if there is no output. */
static bool complete(conv_case *c) {
  const cardinal_window *w = &c->window;
  return output_size(c->in_h, w->pad_top + w->pad_bottom, cardinal_window_height(w), w->stride_h, &c->out_h) &&
         output_size(c->in_w, w->pad_left + w->pad_right, cardinal_window_width(w), w->stride_w, &c->out_w);
}

/* An operator's shape for which the kernel would get such arguments. */
static bool accepted(const cardinal_kernel *kernel, const conv_case *c) {
  cardinal_shape shape = {
      .operation = CARDINAL_OPERATION_CONV,
      .x_layout = c->planes ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16,
      .batch = 1,
      .groups = CARDINAL_BLOCK / c->slot,
      .in_per_group = c->channels,
      .out_per_group = c->slot,
      .in_height = c->in_h,
      .in_width = c->in_w,
      .out_height = c->out_h,
      .out_width = c->out_w,
      .window = c->window,
  };
  if (harness_accepts(kernel, &shape))
    return true;
  shape.groups = 2;
  return c->slot == CARDINAL_BLOCK && harness_accepts(kernel, &shape);
}

static void describe(const conv_case *c, size_t run) {
  static const char *const residuals[] = {"no residual", "residual", "residual in place"};
  static const char *const placements[] = {"at start", "at end", "askew"};
  harness_case(
      "run %zu: %zu channels, slot %zu, %zux%zu in, window %zux%zu, stride %zux%zu, dilation %zux%zu, "
      "pads %zu %zu %zu %zu (top left bottom right), rows %zu to %zu of %zu, gap %zu, lanes %04x, relu %u, %s, "
      "%s data, %s",
      run, c->channels, c->slot, c->in_h, c->in_w, c->window.kernel_h, c->window.kernel_w, c->window.stride_h,
      c->window.stride_w, c->window.dilation_h, c->window.dilation_w, c->window.pad_top, c->window.pad_left,
      c->window.pad_bottom, c->window.pad_right, c->row_begin, c->row_end, c->out_h, c->gap, c->lane_mask, c->relu,
      residuals[c->residual], data_kind_name(c->data), placements[c->placement]);
}

static cardinal_reference_shape reference_shape(const conv_case *c) {
  const size_t groups = CARDINAL_BLOCK / c->slot;
  return (cardinal_reference_shape){.batch = 1,
                                    .groups = groups,
                                    .in_channels = groups * c->channels,
                                    .in_height = c->in_h,
                                    .in_width = c->in_w,
                                    .out_channels = CARDINAL_BLOCK,
                                    .out_height = c->out_h,
                                    .out_width = c->out_w,
                                    .window = c->window};
}

/* Lays x out as the kernel reads it. Lanes and gaps that must not enter a sum keep their canaries, which are NaNs. */
static void lay_x(const conv_case *c, const data_problem *p, cardinal_conv_args *a) {
  const size_t groups = CARDINAL_BLOCK / c->slot, unit = c->planes ? 1 : CARDINAL_BLOCK;
  const size_t blocks = c->planes ? c->channels : (c->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  a->x_row = (c->in_w + c->gap) * unit;
  a->x_block = (c->in_h + c->gap) * a->x_row;
  const size_t row_floats = c->in_w * unit;
  float *x = gauntlet_memory_place(&buffers.x, (blocks - 1) * a->x_block + (c->in_h - 1) * a->x_row + row_floats,
                                   c->placement);
  a->x = x;
  for (size_t g = 0; g < groups; ++g)
    for (size_t ch = 0; ch < c->channels; ++ch)
      for (size_t row = 0; row < c->in_h; ++row)
        for (size_t column = 0; column < c->in_w; ++column) {
          const float value = p->x[((g * c->channels + ch) * c->in_h + row) * c->in_w + column];
          if (c->planes)
            x[ch * a->x_block + row * a->x_row + column] = value;
          else
            x[ch / CARDINAL_BLOCK * a->x_block + row * a->x_row + column * CARDINAL_BLOCK + g * c->slot +
              ch % CARDINAL_BLOCK] = value;
        }
}

static void lay_weights(const conv_case *c, const data_problem *p, cardinal_conv_args *a) {
  const size_t taps = c->window.kernel_h * c->window.kernel_w;
  float *w =
      gauntlet_memory_place(&buffers.w, c->channels * taps * CARDINAL_BLOCK, harness_weights_placement(c->placement));
  a->w = w;
  for (size_t ch = 0; ch < c->channels; ++ch) {
    const size_t first = ch / CARDINAL_BLOCK * CARDINAL_BLOCK;
    const size_t in_block = c->channels - first < CARDINAL_BLOCK ? c->channels - first : CARDINAL_BLOCK;
    for (size_t ky = 0; ky < c->window.kernel_h; ++ky)
      for (size_t kx = 0; kx < c->window.kernel_w; ++kx)
        for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
          w[(first * taps + (ky * in_block + ch - first) * c->window.kernel_w + kx) * CARDINAL_BLOCK + l] =
              c->lane_mask & 1u << l ? p->weights[(l * c->channels + ch) * taps + ky * c->window.kernel_w + kx] : 0.0f;
  }
  float *bias = gauntlet_memory_place(&buffers.bias, CARDINAL_BLOCK, c->placement);
  a->bias = bias;
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    bias[l] = c->lane_mask & 1u << l ? p->bias[l] : 0.0f;
}

/* y begins as canaries, or as the residual where the kernel works in place. */
static size_t lay_y(const conv_case *c, const data_problem *p, cardinal_conv_args *a) {
  a->y_row = (c->out_w + c->gap) * CARDINAL_BLOCK;
  const size_t floats = (c->out_h - 1) * a->y_row + c->out_w * CARDINAL_BLOCK;
  a->y = gauntlet_memory_place(&buffers.y, floats, c->placement);
  float *residual =
      c->residual == RESIDUAL_APART ? gauntlet_memory_place(&buffers.residual, floats, c->placement) : a->y;
  a->residual = c->residual == RESIDUAL_NONE ? NULL : residual;
  if (a->residual)
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      for (size_t row = 0; row < c->out_h; ++row)
        for (size_t column = 0; column < c->out_w; ++column)
          residual[row * a->y_row + column * CARDINAL_BLOCK + l] =
              p->residual[(l * c->out_h + row) * c->out_w + column];
  return floats;
}

static bool check_values(const conv_case *c, const data_problem *p, const cardinal_conv_args *a) {
  data_check check;
  data_check_start(&check, p, c->data, (int)c->relu);
  bool right = true;
  for (size_t l = 0; right && l < CARDINAL_BLOCK; ++l) {
    if (!(c->lane_mask & 1u << l))
      continue;
    for (size_t row = c->row_begin; right && row < c->row_end; ++row)
      for (size_t column = 0; right && column < c->out_w; ++column) {
        const size_t at = (l * c->out_h + row) * c->out_w + column;
        const float value = a->y[row * a->y_row + column * CARDINAL_BLOCK + l];
        if (!data_check_value(&check, at, value))
          right = harness_fail("row %zu, column %zu, lane %zu is %a, in double precision it is %a", row, column, l,
                               (double)value, check.reference[at]);
      }
  }
  data_check_end(&check);
  return right;
}

static bool run_case(const cardinal_kernel *kernel, const conv_case *c, size_t run) {
  describe(c, run);
  gauntlet_random random = harness_random(run);
  const cardinal_reference_shape shape = reference_shape(c);
  data_problem p;
  data_problem_make(&p, &shape, c->residual != RESIDUAL_NONE, c->data, &random);

  cardinal_conv_args args = {.channels = c->channels,
                             .slot = c->slot,
                             .in_height = c->in_h,
                             .in_width = c->in_w,
                             .out_width = c->out_w,
                             .row_begin = c->row_begin,
                             .row_end = c->row_end,
                             .window = c->window,
                             .lane_mask = c->lane_mask,
                             .relu = c->relu};
  lay_x(c, &p, &args);
  lay_weights(c, &p, &args);
  const size_t floats = lay_y(c, &p, &args);

  float *expected = malloc(2 * floats * sizeof(float));
  float *twins = expected + floats;
  memcpy(expected, args.y, floats * sizeof(float));
  memcpy(twins, args.y, floats * sizeof(float));
  cardinal_conv_args oracles = args;
  oracles.y = expected;
  oracles.residual = c->residual == RESIDUAL_IN_PLACE ? expected : args.residual;
  oracle_conv(&oracles, c->planes, ORACLE_CANONICAL);

  kernel->conv(&args);
  bool right = harness_equal(args.y, expected, floats, "the oracle");
  if (right && strcmp(kernel->twin, kernel->name) != 0) {
    cardinal_conv_args twin = oracles;
    twin.y = twins;
    twin.residual = c->residual == RESIDUAL_IN_PLACE ? twins : args.residual;
    cardinal_kernel_find(kernel->twin)->conv(&twin);
    right = harness_equal(args.y, twins, floats, kernel->twin);
  }
  right = right && check_values(c, &p, &args);
  if (right && !harness_buffers_intact(&buffers))
    right = harness_fail("memory beside an argument was written");
  free(expected);
  data_problem_free(&p);
  return right;
}

/* Numbers that vary over the cases of a kernel without a nested loop for each. */
static void vary(conv_case *c, size_t run) {
  gauntlet_random random = harness_random(run);
  c->relu = (uint32_t)gauntlet_between(&random, 0, 1);
  c->residual = (residual_kind)gauntlet_between(&random, 0, RESIDUAL_KINDS - 1);
  c->data = (data_kind)(run % 2 ? gauntlet_between(&random, 1, DATA_KINDS - 1) : DATA_RANDOM);
  c->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
  c->gap = gauntlet_between(&random, 0, 3) ? 0 : gauntlet_between(&random, 1, 2);
  switch (gauntlet_between(&random, 0, 3)) {
  case 0:
    c->lane_mask = (1u << gauntlet_between(&random, 1, 16)) - 1;
    break;
  case 1:
    c->lane_mask = gauntlet_u32(&random) & CARDINAL_ALL_LANES;
    break;
  default:
    c->lane_mask = CARDINAL_ALL_LANES;
  }
  c->row_begin = gauntlet_between(&random, 0, 2) ? 0 : gauntlet_between(&random, 0, c->out_h - 1);
  c->row_end = gauntlet_between(&random, 0, 2) ? c->out_h : gauntlet_between(&random, c->row_begin, c->out_h);
}

static bool try_case(const cardinal_kernel *kernel, conv_case *c, size_t *cases) {
  if (!complete(c) || !accepted(kernel, c))
    return true;
  for (size_t run = 0; run < 2; ++run, ++*cases) { /* random data, and another kind */
    conv_case varied = *c;
    describe(&varied, run);
    vary(&varied, run);
    if (!run_case(kernel, &varied, run))
      return false;
  }
  return true;
}

/* The channel counts of a group that a slot takes. */
static size_t some_channels(size_t slot, size_t number, size_t most) {
  return slot < CARDINAL_BLOCK ? 1 + number % slot : 1 + number % most;
}

/* Every width with every padding of the four sides and both strides; heights, channels and the rest go along. */
static bool cases_3x3(const cardinal_kernel *kernel, size_t slot, size_t *cases) {
  static const size_t heights[] = {1, 2, 3, 4, 5, 7};
  size_t number = 0;
  for (size_t width = 1; width <= test_scale(40, 18); width += test_small() && width >= 9 ? 4 : 1)
    for (size_t stride = 1; stride <= 2; ++stride)
      for (size_t pads = 0; pads < 16; pads += test_scale(1, 5)) {
        ++number;
        conv_case c = {.slot = slot,
                       .in_h = heights[number * 7 / 3 % test_scale(6, 3)],
                       .in_w = width,
                       .window = {.kernel_h = 3,
                                  .kernel_w = 3,
                                  .stride_h = stride,
                                  .stride_w = stride,
                                  .dilation_h = 1,
                                  .dilation_w = 1,
                                  .pad_top = pads >> 1 & 1,
                                  .pad_left = pads & 1,
                                  .pad_bottom = pads >> 2 & 1,
                                  .pad_right = pads >> 3 & 1}};
        for (size_t tries = 0; tries < 8; ++tries) {
          c.channels = some_channels(slot, number * 5 + tries, test_scale(40, 18));
          if (complete(&c) && accepted(kernel, &c))
            break;
        }
        if (!try_case(kernel, &c, cases))
          return false;
      }
  /* Every channel count, on images of a few rows. */
  for (size_t channels = 1; channels <= (slot < CARDINAL_BLOCK ? slot : test_scale(40, 18)); ++channels)
    for (size_t stride = 1; stride <= 2; ++stride) {
      conv_case c = {.slot = slot,
                     .channels = channels,
                     .in_h = 4,
                     .in_w = test_scale(15, 5),
                     .window = cardinal_square_window(3, stride, 1, 1)};
      if (!try_case(kernel, &c, cases))
        return false;
    }
  return true;
}

static bool cases_stem(const cardinal_kernel *kernel, size_t *cases) {
  size_t number = 0;
  for (size_t width = 1; width <= test_scale(70, 24); width += test_small() && width >= 9 ? 5 : 1)
    for (size_t height = 1; height <= 8; height += test_scale(1, 3)) {
      ++number;
      conv_case c = {.planes = true,
                     .channels = number % 3 ? 3 : 1 + number / 3 % test_scale(16, 4),
                     .slot = CARDINAL_BLOCK,
                     .in_h = height,
                     .in_w = width,
                     .window = cardinal_square_window(7, 2, 1, 3)};
      for (int tries = 0; tries < 2; ++tries, c.channels = 3)
        if (complete(&c) && accepted(kernel, &c))
          break;
      if (!try_case(kernel, &c, cases))
        return false;
    }
  return true;
}

/* Windows, strides, dilations and paddings of all kinds. */
static bool cases_any(const cardinal_kernel *kernel, size_t *cases) {
  static const size_t slots[] = {1, 4, 8, 16, 16};
  gauntlet_random random = test_random(1);
  const size_t wanted = test_scale(1500, 60);
  for (size_t number = 0; number < wanted; ++number) {
    conv_case c = {.slot = slots[gauntlet_between(&random, 0, 4)],
                   .in_h = gauntlet_between(&random, 1, 9),
                   .in_w = gauntlet_between(&random, 1, test_scale(20, 7)),
                   .window = {.kernel_h = gauntlet_between(&random, 1, 5),
                              .kernel_w = gauntlet_between(&random, 1, 5),
                              .stride_h = gauntlet_between(&random, 1, 3),
                              .stride_w = gauntlet_between(&random, 1, 3),
                              .dilation_h = gauntlet_between(&random, 1, 3),
                              .dilation_w = gauntlet_between(&random, 1, 3),
                              .pad_top = gauntlet_between(&random, 0, 6),
                              .pad_left = gauntlet_between(&random, 0, 6),
                              .pad_bottom = gauntlet_between(&random, 0, 6),
                              .pad_right = gauntlet_between(&random, 0, 6)}};
    c.channels = some_channels(c.slot, gauntlet_u32(&random), test_scale(40, 18));
    if (!try_case(kernel, &c, cases))
      return false;
  }
  return true;
}

/* Every width of rows with each of some windows, so that tiles of each length meet padding on either side, on both or
 * nowhere, taps that are padding to all, and asymmetric paddings; slots, heights and channels go along. */
static bool cases_windows(const cardinal_kernel *kernel, size_t *cases) {
  static const size_t slots[] = {16, 8, 4, 1};
  static const cardinal_window windows[] = {
      /* kernel, stride, dilation (height, width), padding (top, left, bottom, right) */
      {5, 5, 1, 1, 1, 1, 2, 2, 2, 2}, {5, 5, 2, 2, 1, 1, 2, 2, 2, 2},   {3, 3, 1, 1, 2, 2, 2, 2, 2, 2},
      {3, 3, 1, 1, 4, 4, 4, 4, 4, 4}, {3, 3, 2, 2, 3, 3, 3, 3, 3, 3},   {7, 7, 1, 1, 1, 1, 3, 3, 3, 3},
      {1, 9, 1, 1, 1, 1, 0, 4, 0, 4}, {9, 1, 1, 1, 1, 1, 4, 0, 4, 0},   {2, 2, 1, 1, 1, 1, 0, 0, 1, 1},
      {4, 4, 1, 2, 1, 1, 2, 1, 0, 3}, {2, 4, 3, 1, 2, 5, 0, 9, 3, 0},   {3, 3, 1, 1, 1, 1, 2, 0, 1, 4},
      {1, 1, 2, 2, 1, 1, 0, 0, 0, 0}, {1, 32, 1, 1, 1, 1, 0, 31, 0, 2}, {1, 33, 1, 2, 1, 1, 0, 16, 0, 16},
  };
  enum {
    WINDOWS = sizeof windows / sizeof windows[0]
  };
  size_t number = 0;
  for (size_t width = 1; width <= test_scale(46, 30); width += test_scale(1, 6))
    for (size_t window = 0; window < WINDOWS; window += test_scale(1, 2)) {
      ++number;
      conv_case c = {.slot = slots[number % 4], .in_h = 1 + number % 6, .in_w = width, .window = windows[window]};
      c.channels = c.slot == 4 ? 4 : some_channels(c.slot, number * 5, test_scale(40, 18));
      if (!try_case(kernel, &c, cases))
        return false;
    }
  return true;
}

static bool conv_cases(const cardinal_kernel *kernel, size_t *cases) {
  harness_buffers_init(&buffers, CAPACITY);
  if (kernel->x_layout == CARDINAL_LAYOUT_NCHW)
    return cases_stem(kernel, cases);
  if (kernel->slot)
    return cases_3x3(kernel, kernel->slot, cases);
  return cases_any(kernel, cases) && cases_windows(kernel, cases);
}

/* A little below what runs. */
static size_t least_conv(const cardinal_kernel *kernel) {
  if (kernel->x_layout == CARDINAL_LAYOUT_NCHW)
    return test_scale(1100, 70);
  return kernel->slot ? test_scale(2000, 110) : test_scale(2400, 80);
}

Test(kernels, conv) {
  harness_run(CARDINAL_FORM_CONV, conv_cases, least_conv);
}

/* Wrong orders must give other bits on the same kind of data, or the comparisons above would prove nothing. */
Test(kernels, conv_data_tell_orders_apart) {
  harness_buffers_init(&buffers, CAPACITY);
  for (oracle_order order = ORACLE_CANONICAL + 1; order < ORACLE_ORDERS; ++order) {
    const conv_case base = {.channels = 20,
                            .slot = CARDINAL_BLOCK,
                            .in_h = 5,
                            .in_w = 5,
                            .window = cardinal_square_window(3, 1, 1, 1),
                            .out_h = 5,
                            .out_w = 5,
                            .row_end = 5,
                            .lane_mask = CARDINAL_ALL_LANES,
                            .residual = RESIDUAL_APART};
    gauntlet_random random = {.state = 5};
    const cardinal_reference_shape shape = reference_shape(&base);
    data_problem p;
    data_problem_make(&p, &shape, true, DATA_RANDOM, &random);
    cardinal_conv_args args = {.channels = base.channels,
                               .slot = base.slot,
                               .in_height = base.in_h,
                               .in_width = base.in_w,
                               .out_width = base.out_w,
                               .row_end = base.out_h,
                               .window = cardinal_square_window(3, 1, 1, 1),
                               .lane_mask = base.lane_mask};
    lay_x(&base, &p, &args);
    lay_weights(&base, &p, &args);
    const size_t floats = lay_y(&base, &p, &args);
    float *canonical = malloc(floats * sizeof(float));
    oracle_conv(&args, false, ORACLE_CANONICAL);
    memcpy(canonical, args.y, floats * sizeof(float));
    oracle_conv(&args, false, order);
    size_t different = 0;
    for (size_t i = 0; i < floats; ++i)
      different += !gauntlet_same(canonical[i], args.y[i]);
    cr_expect(different > floats / 8, "the order '%s' differs from the canonical one in only %zu of %zu outputs",
              oracle_order_name(order), different, floats);
    cr_expect(check_values(&base, &p, &args), "the order '%s' left the error bound", oracle_order_name(order));
    free(canonical);
    data_problem_free(&p);
  }
}
