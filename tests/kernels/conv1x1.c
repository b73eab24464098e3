/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolutions and fully connected layers: every registered kernel against the oracle, its portable twin, exact
 * data and the double-precision bound. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/harness.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

/* What a conv1x1 kernel is told that the caller will read next. It's a hint: memory that can't be read is no error. */
typedef enum next_kind {
  NEXT_NOTHING,
  NEXT_THE_SAME,
  NEXT_UNREADABLE,
  NEXT_KINDS
} next_kind;

/* Of both: images of a fully connected layer are the pixels of a 1×1 convolution. */
typedef struct matrix_case {
  size_t pixels, channels, blocks;
  size_t gap; /* floats between blocks, panels and images, times 16 */
  uint32_t lane_mask, relu;
  bool residual, in_place;
  next_kind next;
  data_kind data;
  gauntlet_placement placement;
} matrix_case;

enum {
  CAPACITY = 1 << 19
};

static harness_buffers buffers;

static void describe(const matrix_case *c, size_t run) {
  static const char *const placements[] = {"at start", "at end", "askew"};
  static const char *const nexts[] = {"nothing", "the same", "unreadable memory"};
  harness_case("run %zu: %zu pixels or images, %zu channels, %zu blocks, gap %zu, lanes %04x, "
               "relu %u, %s, %s data, %s, next %s",
               run, c->pixels, c->channels, c->blocks, c->gap, c->lane_mask, c->relu,
               !c->residual  ? "no residual"
               : c->in_place ? "residual in place"
                             : "residual",
               data_kind_name(c->data), placements[c->placement], nexts[c->next]);
}

/* Pixels as images, so that x is [pixels][channels] and y [pixels][blocks*16]. */
static cardinal_reference_shape reference_shape(const matrix_case *c) {
  return (cardinal_reference_shape){.batch = c->pixels,
                                    .groups = 1,
                                    .in_channels = c->channels,
                                    .in_height = 1,
                                    .in_width = 1,
                                    .out_channels = c->blocks * CARDINAL_BLOCK,
                                    .out_height = 1,
                                    .out_width = 1,
                                    .window = cardinal_square_window(1, 1, 1, 0)};
}

static bool lane_used(const matrix_case *c, size_t out) {
  return out / CARDINAL_BLOCK + 1 < c->blocks || c->lane_mask & 1u << out % CARDINAL_BLOCK;
}

/* Where things lie: the distances from one pixel, and one block, to the next in x and y, and of panels. */
typedef struct strides {
  size_t x_pixel, x_block, y_pixel, y_block, w_panel;
} strides;

static size_t x_at(const strides *s, size_t pixel, size_t channel) {
  return channel / CARDINAL_BLOCK * s->x_block + pixel * s->x_pixel + channel % CARDINAL_BLOCK;
}

static size_t y_at(const strides *s, size_t pixel, size_t out) {
  return out / CARDINAL_BLOCK * s->y_block + pixel * s->y_pixel + out % CARDINAL_BLOCK;
}

/* What the two kinds of arguments have in common. */
typedef struct matrix_args {
  float *x, *w, *bias, *residual, *y;
  size_t y_floats;
} matrix_args;

/* Floats from the first element to the last of what the strides span. x of an fc has no padding lanes at its end. */
static matrix_args lay_out(const matrix_case *c, const data_problem *p, const strides *s, bool whole_lanes) {
  const size_t outs = c->blocks * CARDINAL_BLOCK;
  const size_t last_channel =
      whole_lanes ? (c->channels - 1) / CARDINAL_BLOCK * CARDINAL_BLOCK + CARDINAL_BLOCK - 1 : c->channels - 1;
  matrix_args a = {0};
  a.y_floats = y_at(s, c->pixels - 1, outs - 1) + 1;
  a.x = gauntlet_memory_place(&buffers.x, x_at(s, c->pixels - 1, last_channel) + 1, c->placement);
  a.w = gauntlet_memory_place(&buffers.w, (c->blocks - 1) * s->w_panel + c->channels * CARDINAL_BLOCK,
                              harness_weights_placement(c->placement));
  a.bias = gauntlet_memory_place(&buffers.bias, outs, c->placement);
  a.y = gauntlet_memory_place(&buffers.y, a.y_floats, c->placement);
  if (c->residual)
    a.residual = c->in_place ? a.y : gauntlet_memory_place(&buffers.residual, a.y_floats, c->placement);

  for (size_t pixel = 0; pixel < c->pixels; ++pixel)
    for (size_t ch = 0; ch < c->channels; ++ch)
      a.x[x_at(s, pixel, ch)] = p->x[pixel * c->channels + ch];
  for (size_t o = 0; o < outs; ++o) {
    const bool used = lane_used(c, o);
    a.bias[o] = used ? p->bias[o] : 0.0f;
    for (size_t ch = 0; ch < c->channels; ++ch)
      a.w[o / CARDINAL_BLOCK * s->w_panel + ch * CARDINAL_BLOCK + o % CARDINAL_BLOCK] =
          used ? p->weights[o * c->channels + ch] : 0.0f;
    for (size_t pixel = 0; a.residual && pixel < c->pixels; ++pixel)
      a.residual[y_at(s, pixel, o)] = p->residual[pixel * outs + o];
  }
  return a;
}

static bool check_values(const matrix_case *c, const data_problem *p, const strides *s, const float *y) {
  data_check check;
  data_check_start(&check, p, c->data, (int)c->relu);
  const size_t outs = c->blocks * CARDINAL_BLOCK;
  bool right = true;
  for (size_t pixel = 0; right && pixel < c->pixels; ++pixel)
    for (size_t o = 0; right && o < outs; ++o) {
      const float value = y[y_at(s, pixel, o)];
      if (lane_used(c, o) && !data_check_value(&check, pixel * outs + o, value))
        right = harness_fail("pixel %zu, output channel %zu is %a, in double precision it is %a", pixel, o,
                             (double)value, check.reference[pixel * outs + o]);
    }
  data_check_end(&check);
  return right;
}

static const float *next_of(const matrix_case *c, const float *data, const gauntlet_memory *memory) {
  return c->next == NEXT_NOTHING ? NULL : c->next == NEXT_THE_SAME ? data : memory->begin + memory->capacity;
}

/* Calls a kernel, or the oracle if `kernel` is NULL. */
static void call_conv1x1(cardinal_conv1x1_kernel *kernel, const matrix_case *c, const strides *s, const matrix_args *a,
                         float *y) {
  const cardinal_conv1x1_args args = {
      .x = a->x,
      .w = a->w,
      .bias = a->bias,
      .residual = a->residual == a->y ? y : a->residual,
      .y = y,
      .pixels = c->pixels,
      .channels = c->channels,
      .blocks = c->blocks,
      .x_block = s->x_block,
      .w_panel = s->w_panel,
      .y_block = s->y_block,
      .lane_mask = c->lane_mask,
      .relu = c->relu,
      .next_w = next_of(c, a->w, &buffers.w),
      .next_w_floats = c->next == NEXT_NOTHING ? 0 : c->blocks * c->channels * CARDINAL_BLOCK,
      .next_x = next_of(c, a->x, &buffers.x),
  };
  if (kernel)
    kernel(&args);
  else
    oracle_conv1x1(&args, ORACLE_CANONICAL);
}

static void call_fc(cardinal_fc_kernel *kernel, const matrix_case *c, const strides *s, const matrix_args *a,
                    float *y) {
  const cardinal_fc_args args = {.x = a->x,
                                 .w = a->w,
                                 .bias = a->bias,
                                 .residual = a->residual == a->y ? y : a->residual,
                                 .y = y,
                                 .images = c->pixels,
                                 .channels = c->channels,
                                 .blocks = c->blocks,
                                 .x_image = s->x_pixel,
                                 .w_panel = s->w_panel,
                                 .y_image = s->y_pixel,
                                 .lane_mask = c->lane_mask,
                                 .relu = c->relu};
  if (kernel)
    kernel(&args);
  else
    oracle_fc(&args, ORACLE_CANONICAL);
}

static void call(const cardinal_kernel *kernel, cardinal_form form, const matrix_case *c, const strides *s,
                 const matrix_args *a, float *y) {
  if (form == CARDINAL_FORM_CONV1X1)
    call_conv1x1(kernel ? kernel->conv1x1 : NULL, c, s, a, y);
  else
    call_fc(kernel ? kernel->fc : NULL, c, s, a, y);
}

static bool run_case(const cardinal_kernel *kernel, const matrix_case *c, size_t run) {
  describe(c, run);
  const bool conv1x1 = kernel->form == CARDINAL_FORM_CONV1X1;
  const size_t blocks = (c->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK, gap = c->gap * CARDINAL_BLOCK;
  strides s = {.w_panel = c->channels * CARDINAL_BLOCK + gap};
  if (conv1x1) {
    s.x_pixel = s.y_pixel = CARDINAL_BLOCK;
    s.x_block = s.y_block = c->pixels * CARDINAL_BLOCK + gap;
  } else {
    s.x_block = s.y_block = CARDINAL_BLOCK;
    s.x_pixel = c->gap ? blocks * CARDINAL_BLOCK : c->channels;
    s.y_pixel = c->blocks * CARDINAL_BLOCK + gap;
  }

  gauntlet_random random = harness_random(run);
  const cardinal_reference_shape shape = reference_shape(c);
  data_problem p;
  data_problem_make(&p, &shape, c->residual, c->data, &random);
  const matrix_args a = lay_out(c, &p, &s, conv1x1);

  float *expected = malloc(2 * a.y_floats * sizeof(float));
  float *twins = expected + a.y_floats;
  memcpy(expected, a.y, a.y_floats * sizeof(float));
  memcpy(twins, a.y, a.y_floats * sizeof(float));
  call(NULL, kernel->form, c, &s, &a, expected);

  call(kernel, kernel->form, c, &s, &a, a.y);
  bool right = harness_equal(a.y, expected, a.y_floats, "the oracle");
  if (right && strcmp(kernel->twin, kernel->name) != 0) {
    const cardinal_kernel *twin = cardinal_kernel_find(kernel->twin);
    for (size_t block = 0; block < c->blocks; block += twin->tile_blocks) {
      /* The twin may take fewer blocks a call. */
      matrix_case part = *c;
      matrix_args b = a;
      part.blocks = c->blocks - block < twin->tile_blocks ? c->blocks - block : twin->tile_blocks;
      part.lane_mask = block + part.blocks == c->blocks ? c->lane_mask : CARDINAL_ALL_LANES;
      b.w += block * s.w_panel;
      b.bias += block * CARDINAL_BLOCK;
      b.y += block * s.y_block;
      b.residual = a.residual ? a.residual + block * s.y_block : NULL;
      call(twin, kernel->form, &part, &s, &b, twins + block * s.y_block);
    }
    right = harness_equal(a.y, twins, a.y_floats, kernel->twin);
  }
  right = right && check_values(c, &p, &s, a.y);
  if (right && !harness_buffers_intact(&buffers))
    right = harness_fail("memory beside an argument was written");
  free(expected);
  data_problem_free(&p);
  return right;
}

static void vary(matrix_case *c, size_t run) {
  gauntlet_random random = harness_random(run);
  c->residual = gauntlet_between(&random, 0, 1);
  c->in_place = gauntlet_between(&random, 0, 1);
  c->relu = (uint32_t)gauntlet_between(&random, 0, 1);
  c->gap = gauntlet_between(&random, 0, 3) ? 0 : gauntlet_between(&random, 1, 2);
  c->next = (next_kind)gauntlet_between(&random, 0, NEXT_KINDS - 1);
  c->data = (data_kind)(run % 2 ? gauntlet_between(&random, 1, DATA_KINDS - 1) : DATA_RANDOM);
  c->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
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
}

static bool try_case(const cardinal_kernel *kernel, matrix_case c, size_t *cases) {
  for (size_t run = 0; run < 2; ++run, ++*cases) { /* random data, and another kind */
    matrix_case varied = c;
    describe(&varied, run);
    vary(&varied, run);
    if (!run_case(kernel, &varied, run))
      return false;
  }
  return true;
}

/* Every number of pixels with every number of blocks; channels go along, and the other way round. */
static bool conv1x1_cases(const cardinal_kernel *kernel, size_t *cases) {
  harness_buffers_init(&buffers, CAPACITY);
  const size_t most_pixels = test_scale(40, 2 * kernel->tile_pixels + 1);
  for (size_t blocks = 1; blocks <= kernel->tile_blocks; ++blocks) {
    for (size_t pixels = 1; pixels <= most_pixels; ++pixels)
      for (size_t channels = 1 + pixels % 3; channels <= 40; channels += test_scale(3, 31))
        if (!try_case(kernel, (matrix_case){.pixels = pixels, .channels = channels, .blocks = blocks}, cases))
          return false;
    for (size_t channels = 1; channels <= test_scale(40, 18); ++channels)
      if (!try_case(kernel, (matrix_case){.pixels = 1 + channels % 17, .channels = channels, .blocks = blocks}, cases))
        return false;
    if (!try_case(kernel,
                  (matrix_case){.pixels = test_scale(196, 29), .channels = test_scale(300, 70), .blocks = blocks},
                  cases))
      return false;
  }
  return true;
}

static bool fc_cases(const cardinal_kernel *kernel, size_t *cases) {
  harness_buffers_init(&buffers, CAPACITY);
  for (size_t blocks = 1; blocks <= test_scale(4 * kernel->tile_blocks + 1, kernel->tile_blocks + 1); ++blocks)
    for (size_t images = 1; images <= test_scale(9, 3); ++images)
      for (size_t channels = 1 + (blocks + images) % 3; channels <= test_scale(70, 35);
           channels += test_scale(1 + blocks % 5, 11))
        if (!try_case(kernel, (matrix_case){.pixels = images, .channels = channels, .blocks = blocks}, cases))
          return false;
  return try_case(kernel, (matrix_case){.pixels = 2, .channels = test_scale(2048, 200), .blocks = test_scale(9, 2)},
                  cases);
}

/* A little below what runs. */
static size_t least_conv1x1(const cardinal_kernel *kernel) {
  return kernel->tile_blocks * test_scale(1100, 70);
}

static size_t least_fc(const cardinal_kernel *kernel) {
  return kernel->tile_blocks * test_scale(1900, 20) + test_scale(600, 25);
}

Test(kernels, conv1x1) {
  harness_run(CARDINAL_FORM_CONV1X1, conv1x1_cases, least_conv1x1);
}

Test(kernels, fc) {
  harness_run(CARDINAL_FORM_FC, fc_cases, least_fc);
}
