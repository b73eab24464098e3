/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_matrix.h"

#include <stdio.h>
#include <string.h>

#include "gauntlet/micro_matrix_layout.h"
#include "gauntlet/oracle.h"

enum {
  INT8_MOST_CHANNELS = 0x7FFFFFFF / (127 * 127)
};

static void describe(micro_run *run, const matrix_case *c, size_t turn) {
  static const char *const nexts[] = {"nothing", "the same", "unreadable memory"};
  micro_words(run,
              "run %zu: %zu pixels or images, %zu channels, %zu blocks, gap %zu, lanes %04x, "
              "relu %u, y %s, %s, %s data, %s, next %s",
              turn, c->pixels, c->channels, c->blocks, c->gap, c->lane_mask, c->relu,
              cardinal_format_name(micro_y_format(run, c->y_f32)),
              !c->residual  ? "no residual"
              : c->in_place ? "residual in place"
                            : "residual",
              data_kind_name(c->data), micro_placement_name(c->placement), nexts[c->next]);
}

static void check_values(micro_run *run, const matrix_case *c, const data_problem *p, const strides *s, const void *y) {
  data_check check;
  data_check_start(&check, p, c->data, (int)c->relu);
  const size_t outs = c->blocks * CARDINAL_BLOCK;
  bool right = true;
  for (size_t pixel = 0; right && pixel < c->pixels; ++pixel)
    for (size_t o = 0; right && o < outs; ++o) {
      const float value = gauntlet_number(p->y_format, y, matrix_y_at(s, pixel, o));
      if (matrix_lane_used(c, o) && !data_check_value(&check, pixel * outs + o, value)) {
        micro_charge(run, GAUNTLET_WRONG_VALUE, "pixel %zu, output channel %zu is %a, in double precision it is %a",
                     pixel, o, (double)value, check.reference[pixel * outs + o]);
        right = false;
      }
    }
  data_check_end(&check);
}

static const void *next_of(const matrix_case *c, const void *data, const gauntlet_memory *memory) {
  return c->next == NEXT_NOTHING ? NULL : c->next == NEXT_THE_SAME ? data : memory->begin + memory->capacity;
}

static const void *residual_of(const matrix_args *a, const void *y) {
  return a->residual == a->y ? y : a->residual;
}

static cardinal_conv1x1_args conv1x1_args(const matrix_case *c, const strides *s, const matrix_args *a, void *y,
                                          const micro_buffers *buffers) {
  return (cardinal_conv1x1_args){
      .x = a->x,
      .w = a->w,
      .bias = a->bias,
      .scale = a->scale,
      .residual = residual_of(a, y),
      .y = y,
      .pixels = c->pixels,
      .channels = c->channels,
      .blocks = c->blocks,
      .x_block = s->x_block,
      .w_panel = s->w_panel,
      .y_block = s->y_block,
      .lane_mask = c->lane_mask,
      .relu = c->relu,
      .y_f32 = c->y_f32,
      .residual_scale = a->residual_scale,
      .next_w = next_of(c, a->w, &buffers->w),
      .next_w_bytes = c->next == NEXT_NOTHING
                          ? 0
                          : c->blocks * cardinal_cells(a->format, c->channels) * CARDINAL_BLOCK * CARDINAL_CELL_BYTES,
      .next_x = next_of(c, a->x, &buffers->x),
  };
}

static cardinal_fc_args fc_args(const matrix_case *c, const strides *s, const matrix_args *a, void *y) {
  return (cardinal_fc_args){.x = a->x,
                            .w = a->w,
                            .bias = a->bias,
                            .scale = a->scale,
                            .residual = residual_of(a, y),
                            .y = y,
                            .images = c->pixels,
                            .channels = c->channels,
                            .blocks = c->blocks,
                            .x_image = s->x_pixel,
                            .w_panel = s->w_panel,
                            .y_image = s->y_pixel,
                            .lane_mask = c->lane_mask,
                            .relu = c->relu,
                            .y_f32 = c->y_f32,
                            .residual_scale = a->residual_scale};
}

/* Who computes: the kernel that is tried, watched; its twin; or the oracle. Whether the contract promises the result.
 */
typedef bool computer(micro_run *run, const void *args);

static bool the_kernel(micro_run *run, const void *args) {
  micro_call(run, args);
  return true;
}

static bool the_twin(micro_run *run, const void *args) {
  micro_call_twin(run, args);
  return true;
}

static bool the_oracle(micro_run *run, const void *args) {
  const cardinal_kernel *kernel = run->micro->kernel;
  return kernel->form == CARDINAL_FORM_CONV1X1 ? oracle_conv1x1(args, kernel->format, ORACLE_CANONICAL)
                                               : oracle_fc(args, kernel->format, ORACLE_CANONICAL);
}

static bool compute(micro_run *run, computer *who, const matrix_case *c, const strides *s, const matrix_args *a,
                    void *y) {
  if (run->micro->kernel->form == CARDINAL_FORM_CONV1X1) {
    const cardinal_conv1x1_args args = conv1x1_args(c, s, a, y, run->buffers);
    return who(run, &args);
  }
  const cardinal_fc_args args = fc_args(c, s, a, y);
  return who(run, &args);
}

/* Where a number of y lies. */
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
  return matrix_lane_used(o->c, block * CARDINAL_BLOCK + lane) ? MICRO_OUTPUT : MICRO_MASKED_LANE;
}

/* The twin may take fewer blocks a call. */
static void compute_twins(micro_run *run, const matrix_case *c, const strides *s, const matrix_args *a, char *y) {
  const size_t most = cardinal_kernel_find(run->micro->kernel->twin)->tile_blocks;
  const size_t y_number = cardinal_format_bytes(a->y_format);
  for (size_t block = 0; block < c->blocks; block += most) {
    matrix_case part = *c;
    matrix_args b = *a;
    part.blocks = c->blocks - block < most ? c->blocks - block : most;
    part.lane_mask = block + part.blocks == c->blocks ? c->lane_mask : CARDINAL_ALL_LANES;
    b.w += block * s->w_panel * CARDINAL_CELL_BYTES;
    b.bias += block * CARDINAL_BLOCK;
    b.scale = a->scale ? a->scale + block * CARDINAL_BLOCK : NULL;
    b.y += block * s->y_block * y_number;
    b.residual = a->residual ? a->residual + block * s->y_block * y_number : NULL;
    compute(run, the_twin, &part, s, &b, y + block * s->y_block * y_number);
  }
}

/* Lays a call out and asks the oracle, with other data where the contract promises nothing of the result. */
static matrix_args prepare(micro_run *run, const matrix_case *c, const strides *s, gauntlet_random *random,
                           data_problem *p, micro_outputs *outputs) {
  const cardinal_kernel *kernel = run->micro->kernel;
  const data_wish wish = {.shape = matrix_shape(c),
                          .format = kernel->format,
                          .y_format = micro_y_format(run, c->y_f32),
                          .residual = c->residual,
                          .kind = c->data};
  for (;;) {
    data_problem_make(p, &wish, random);
    const matrix_args a = matrix_lay_out(c, p, s, kernel->form == CARDINAL_FORM_CONV1X1, run->buffers);
    micro_outputs_make(outputs, a.y_format, a.y, a.y_numbers);
    if (compute(run, the_oracle, c, s, &a, outputs->oracles))
      return a;
    micro_outputs_free(outputs);
    data_problem_free(p);
  }
}

static void run_case(micro_run *run, const matrix_case *c, size_t turn) {
  describe(run, c, turn);
  const cardinal_kernel *kernel = run->micro->kernel;
  const strides s = matrix_strides(c, kernel->format, kernel->form == CARDINAL_FORM_CONV1X1);
  gauntlet_random random = micro_random(run, turn);
  data_problem p;
  micro_outputs outputs;
  const matrix_args a = prepare(run, c, &s, &random, &p, &outputs);

  compute(run, the_kernel, c, &s, &a, a.y);
  const output o = {.c = c, .s = &s};
  micro_compare(run, &outputs, a.y, outputs.oracles, "the oracle", locate, &o);
  if (!run->verdict.violations && strcmp(kernel->twin, kernel->name) != 0) {
    compute_twins(run, c, &s, &a, outputs.twins);
    micro_compare(run, &outputs, a.y, outputs.twins, kernel->twin, locate, &o);
  }
  if (!run->verdict.violations)
    check_values(run, c, &p, &s, a.y);
  micro_outputs_free(&outputs);
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
  c->y_f32 = (uint32_t)gauntlet_between(&random, 0, 1);
  if (c->channels == INT8_MOST_CHANNELS)
    c->data = turn ? DATA_SPECIAL : DATA_HARD;
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

/* As many channels as int8's sums bear. */
static bool try_limit(micro_run *run, size_t pixels) {
  return run->micro->kernel->format != CARDINAL_FORMAT_INT8 ||
         try_case(run, (matrix_case){.pixels = pixels, .channels = INT8_MOST_CHANNELS, .blocks = 1});
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
  return try_limit(run, 5); /* pixels enough for pairs, of which one is half empty */
}

bool micro_fc_cases(micro_run *run) {
  const cardinal_kernel *kernel = run->micro->kernel;
  for (size_t blocks = 1; blocks <= micro_scale(run, 4 * kernel->tile_blocks + 1, kernel->tile_blocks + 1); ++blocks)
    for (size_t images = 1; images <= micro_scale(run, 9, 3); ++images)
      for (size_t channels = 1 + (blocks + images) % 3; channels <= micro_scale(run, 70, 35);
           channels += micro_scale(run, 1 + blocks % 5, 11))
        if (!try_case(run, (matrix_case){.pixels = images, .channels = channels, .blocks = blocks}))
          return false;
  return try_limit(run, 2) &&
         try_case(run, (matrix_case){
                           .pixels = 2, .channels = micro_scale(run, 2048, 200), .blocks = micro_scale(run, 9, 2)});
}
