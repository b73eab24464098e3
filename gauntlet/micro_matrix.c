/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/oracle.h"

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

static void describe(micro_run *run, const matrix_case *c, size_t turn) {
  static const char *const nexts[] = {"nothing", "the same", "unreadable memory"};
  micro_words(run,
              "run %zu: %zu pixels or images, %zu channels, %zu blocks, gap %zu, lanes %04x, "
              "relu %u, %s, %s data, %s, next %s",
              turn, c->pixels, c->channels, c->blocks, c->gap, c->lane_mask, c->relu,
              !c->residual  ? "no residual"
              : c->in_place ? "residual in place"
                            : "residual",
              data_kind_name(c->data), micro_placement_name(c->placement), nexts[c->next]);
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
static matrix_args lay_out(const matrix_case *c, const data_problem *p, const strides *s, bool whole_lanes,
                           micro_buffers *buffers) {
  const size_t outs = c->blocks * CARDINAL_BLOCK;
  const size_t last_channel =
      whole_lanes ? (c->channels - 1) / CARDINAL_BLOCK * CARDINAL_BLOCK + CARDINAL_BLOCK - 1 : c->channels - 1;
  matrix_args a = {0};
  a.y_floats = y_at(s, c->pixels - 1, outs - 1) + 1;
  a.x = gauntlet_memory_place(&buffers->x, x_at(s, c->pixels - 1, last_channel) + 1, c->placement);
  a.w = gauntlet_memory_place(&buffers->w, (c->blocks - 1) * s->w_panel + c->channels * CARDINAL_BLOCK,
                              micro_weights_placement(c->placement));
  a.bias = gauntlet_memory_place(&buffers->bias, outs, c->placement);
  a.y = gauntlet_memory_place(&buffers->y, a.y_floats, c->placement);
  if (c->residual)
    a.residual = c->in_place ? a.y : gauntlet_memory_place(&buffers->residual, a.y_floats, c->placement);

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

static void check_values(micro_run *run, const matrix_case *c, const data_problem *p, const strides *s,
                         const float *y) {
  data_check check;
  data_check_start(&check, p, c->data, (int)c->relu);
  const size_t outs = c->blocks * CARDINAL_BLOCK;
  bool right = true;
  for (size_t pixel = 0; right && pixel < c->pixels; ++pixel)
    for (size_t o = 0; right && o < outs; ++o) {
      const float value = y[y_at(s, pixel, o)];
      if (lane_used(c, o) && !data_check_value(&check, pixel * outs + o, value)) {
        micro_charge(run, GAUNTLET_WRONG_VALUE, "pixel %zu, output channel %zu is %a, in double precision it is %a",
                     pixel, o, (double)value, check.reference[pixel * outs + o]);
        right = false;
      }
    }
  data_check_end(&check);
}

static const float *next_of(const matrix_case *c, const float *data, const gauntlet_memory *memory) {
  return c->next == NEXT_NOTHING ? NULL : c->next == NEXT_THE_SAME ? data : memory->begin + memory->capacity;
}

static cardinal_conv1x1_args conv1x1_args(const matrix_case *c, const strides *s, const matrix_args *a, float *y,
                                          const micro_buffers *buffers) {
  return (cardinal_conv1x1_args){
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
      .next_w = next_of(c, a->w, &buffers->w),
      .next_w_bytes = c->next == NEXT_NOTHING ? 0 : c->blocks * c->channels * CARDINAL_BLOCK * sizeof(float),
      .next_x = next_of(c, a->x, &buffers->x),
  };
}

static cardinal_fc_args fc_args(const matrix_case *c, const strides *s, const matrix_args *a, float *y) {
  return (cardinal_fc_args){.x = a->x,
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
}

/* Who computes: the kernel that is tried, watched; the oracle; or the twin. */
typedef enum computer {
  THE_KERNEL,
  THE_ORACLE,
  THE_TWIN
} computer;

static void call(micro_run *run, computer who, const matrix_case *c, const strides *s, const matrix_args *a, float *y) {
  const cardinal_kernel *kernel = run->micro->kernel;
  const cardinal_kernel *twin = cardinal_kernel_find(kernel->twin);
  if (kernel->form == CARDINAL_FORM_CONV1X1) {
    const cardinal_conv1x1_args args = conv1x1_args(c, s, a, y, run->buffers);
    if (who == THE_KERNEL)
      micro_call(run, &args);
    else if (who == THE_TWIN)
      twin->conv1x1(&args);
    else
      oracle_conv1x1(&args, ORACLE_CANONICAL);
  } else {
    const cardinal_fc_args args = fc_args(c, s, a, y);
    if (who == THE_KERNEL)
      micro_call(run, &args);
    else if (who == THE_TWIN)
      twin->fc(&args);
    else
      oracle_fc(&args, ORACLE_CANONICAL);
  }
}

/* Where a float of y lies. */
typedef struct output {
  const matrix_case *c;
  const strides *s;
} output;

static micro_place locate(const void *form, size_t at, char *text, size_t size) {
  const output *o = form;
  /* Blocks hold pixels, or images hold blocks: what is further apart divides first. */
  const bool blocks_outside = o->s->y_block > o->s->y_pixel;
  const size_t outer = blocks_outside ? o->s->y_block : o->s->y_pixel;
  const size_t inner = at % outer / CARDINAL_BLOCK, lane = at % CARDINAL_BLOCK;
  const size_t block = blocks_outside ? at / outer : inner, pixel = blocks_outside ? inner : at / outer;
  if (block >= o->c->blocks || pixel >= o->c->pixels) {
    snprintf(text, size, "the gap behind %s %zu", blocks_outside ? "block" : "image", at / outer);
    return MICRO_OUTSIDE;
  }
  snprintf(text, size, "pixel or image %zu, block %zu, lane %zu", pixel, block, lane);
  return lane_used(o->c, block * CARDINAL_BLOCK + lane) ? MICRO_OUTPUT : MICRO_MASKED_LANE;
}

static strides strides_of(const matrix_case *c, bool conv1x1) {
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
  return s;
}

/* The twin may take fewer blocks a call. */
static void call_twin(micro_run *run, const matrix_case *c, const strides *s, const matrix_args *a, float *y) {
  const size_t most = cardinal_kernel_find(run->micro->kernel->twin)->tile_blocks;
  for (size_t block = 0; block < c->blocks; block += most) {
    matrix_case part = *c;
    matrix_args b = *a;
    part.blocks = c->blocks - block < most ? c->blocks - block : most;
    part.lane_mask = block + part.blocks == c->blocks ? c->lane_mask : CARDINAL_ALL_LANES;
    b.w += block * s->w_panel;
    b.bias += block * CARDINAL_BLOCK;
    b.y += block * s->y_block;
    b.residual = a->residual ? a->residual + block * s->y_block : NULL;
    call(run, THE_TWIN, &part, s, &b, y + block * s->y_block);
  }
}

static void run_case(micro_run *run, const matrix_case *c, size_t turn) {
  describe(run, c, turn);
  const cardinal_kernel *kernel = run->micro->kernel;
  const bool conv1x1 = kernel->form == CARDINAL_FORM_CONV1X1;
  const strides s = strides_of(c, conv1x1);
  gauntlet_random random = micro_random(run, turn);
  const cardinal_reference_shape shape = reference_shape(c);
  data_problem p;
  data_problem_make(&p, &shape, c->residual, c->data, &random);
  const matrix_args a = lay_out(c, &p, &s, conv1x1, run->buffers);

  float *expected = gauntlet_allocate(2 * a.y_floats, sizeof *expected);
  float *twins = expected + a.y_floats;
  memcpy(expected, a.y, a.y_floats * sizeof(float));
  memcpy(twins, a.y, a.y_floats * sizeof(float));
  call(run, THE_ORACLE, c, &s, &a, expected);

  call(run, THE_KERNEL, c, &s, &a, a.y);
  const output o = {.c = c, .s = &s};
  micro_compare(run, a.y, expected, a.y_floats, "the oracle", locate, &o);
  if (!run->verdict.violations && strcmp(kernel->twin, kernel->name) != 0) {
    call_twin(run, c, &s, &a, twins);
    micro_compare(run, a.y, twins, a.y_floats, kernel->twin, locate, &o);
  }
  if (!run->verdict.violations)
    check_values(run, c, &p, &s, a.y);
  free(expected);
  data_problem_free(&p);
}

static void vary(matrix_case *c, gauntlet_random random, size_t turn) {
  c->residual = gauntlet_between(&random, 0, 1);
  c->in_place = gauntlet_between(&random, 0, 1);
  c->relu = (uint32_t)gauntlet_between(&random, 0, 1);
  c->gap = micro_draw_gap(&random);
  c->next = (next_kind)gauntlet_between(&random, 0, NEXT_KINDS - 1);
  c->data = micro_draw_kind(&random, turn);
  c->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
  c->lane_mask = micro_draw_lanes(&random);
}

static bool try_case(micro_run *run, matrix_case c) {
  for (size_t turn = 0; turn < 2; ++turn) { /* random data, and another kind */
    if (!micro_next(run))
      continue;
    matrix_case varied = c;
    describe(run, &varied, turn);
    vary(&varied, micro_random(run, turn), turn);
    run_case(run, &varied, turn);
    if (!micro_end(run))
      return false;
  }
  return true;
}

/* Every number of pixels with every number of blocks; channels go along, and the other way round. */
bool micro_conv1x1_cases(micro_run *run) {
  const cardinal_kernel *kernel = run->micro->kernel;
  const size_t most_pixels = micro_scale(run, 40, 2 * kernel->tile_pixels + 1);
  for (size_t blocks = 1; blocks <= kernel->tile_blocks; ++blocks) {
    for (size_t pixels = 1; pixels <= most_pixels; ++pixels)
      for (size_t channels = 1 + pixels % 3; channels <= 40; channels += micro_scale(run, 3, 31))
        if (!try_case(run, (matrix_case){.pixels = pixels, .channels = channels, .blocks = blocks}))
          return false;
    for (size_t channels = 1; channels <= micro_scale(run, 40, 18); ++channels)
      if (!try_case(run, (matrix_case){.pixels = 1 + channels % 17, .channels = channels, .blocks = blocks}))
        return false;
    if (!try_case(run, (matrix_case){.pixels = micro_scale(run, 196, 29),
                                     .channels = micro_scale(run, 300, 70),
                                     .blocks = blocks}))
      return false;
  }
  return true;
}

bool micro_fc_cases(micro_run *run) {
  const cardinal_kernel *kernel = run->micro->kernel;
  for (size_t blocks = 1; blocks <= micro_scale(run, 4 * kernel->tile_blocks + 1, kernel->tile_blocks + 1); ++blocks)
    for (size_t images = 1; images <= micro_scale(run, 9, 3); ++images)
      for (size_t channels = 1 + (blocks + images) % 3; channels <= micro_scale(run, 70, 35);
           channels += micro_scale(run, 1 + blocks % 5, 11))
        if (!try_case(run, (matrix_case){.pixels = images, .channels = channels, .blocks = blocks}))
          return false;
  return try_case(
      run, (matrix_case){.pixels = 2, .channels = micro_scale(run, 2048, 200), .blocks = micro_scale(run, 9, 2)});
}
