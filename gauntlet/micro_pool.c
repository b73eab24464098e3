/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_pool.h"

#include <stdio.h>
#include <string.h>

#include "gauntlet/oracle.h"

typedef struct pool_case {
  size_t in_h, in_w, out_h, out_w;
  cardinal_window window;
  size_t row_begin, row_end;
  size_t gap; /* numbers between rows, times 16 */
  uint32_t lane_mask;
  data_kind data; /* random, integers or hard */
  gauntlet_placement placement;
} pool_case;

static void describe(micro_run *run, const pool_case *c, size_t turn) {
  micro_words(run,
              "run %zu: %zux%zu in, %zux%zu out, window %zux%zu, stride %zux%zu, pads %zu %zu %zu %zu (top left bottom "
              "right), rows %zu to %zu, gap %zu, lanes %04x, %s data, %s",
              turn, c->in_h, c->in_w, c->out_h, c->out_w, c->window.kernel_h, c->window.kernel_w, c->window.stride_h,
              c->window.stride_w, c->window.pad_top, c->window.pad_left, c->window.pad_bottom, c->window.pad_right,
              c->row_begin, c->row_end, c->gap, c->lane_mask, data_kind_name(c->data),
              micro_placement_name(c->placement));
}

static bool accepted(const micro_run *run, const pool_case *c) {
  return micro_accepts(run, &(cardinal_shape){.operation = run->micro->kernel->operation,
                                              .format = run->micro->kernel->format,
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

/* Averages of int8 that need rounding, from exact halves to beyond the range. */
static float draw_scale(const pool_case *c, gauntlet_random *random) {
  const float pixels = (float)(c->in_h * c->in_w);
  return c->data == DATA_INTEGERS ? 0.5f : (1.0f + 0.9f * gauntlet_uniform(random)) / pixels;
}

static void vary(pool_case *c, gauntlet_random random, size_t turn) {
  static const data_kind kinds[] = {DATA_RANDOM, DATA_INTEGERS, DATA_HARD};
  c->data = kinds[turn];
  c->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
  c->gap = micro_draw_gap(&random);
  c->lane_mask = gauntlet_between(&random, 0, 1) ? CARDINAL_ALL_LANES : gauntlet_u32(&random) & CARDINAL_ALL_LANES;
  c->row_begin = gauntlet_between(&random, 0, 2) ? 0 : gauntlet_between(&random, 0, c->out_h - 1);
  c->row_end = gauntlet_between(&random, 0, 2) ? c->out_h : gauntlet_between(&random, c->row_begin, c->out_h);
}

/* Where a number of y lies. */
typedef struct output {
  const pool_case *c;
  bool average;
  size_t y_row;
} output;

static micro_place locate(const void *form, size_t at, char *text, size_t size) {
  const output *o = form;
  const size_t row = at / o->y_row, column = at % o->y_row / CARDINAL_BLOCK, lane = at % CARDINAL_BLOCK;
  if (column >= o->c->out_w) {
    snprintf(text, size, "the gap behind row %zu", row);
    return MICRO_OUTSIDE;
  }
  snprintf(text, size, "row %zu, column %zu, lane %zu", row, column, lane);
  if (!o->average && (row < o->c->row_begin || row >= o->c->row_end))
    return MICRO_OUTSIDE;
  return o->c->lane_mask & 1u << lane ? MICRO_OUTPUT : MICRO_MASKED_LANE;
}

static void run_case(micro_run *run, const pool_case *c, size_t turn) {
  describe(run, c, turn);
  const cardinal_kernel *kernel = run->micro->kernel;
  gauntlet_random random = micro_random(run, turn);
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
  if (average && kernel->format == CARDINAL_FORMAT_INT8)
    args.scale = draw_scale(c, &random);
  const size_t x_numbers = (c->in_h - 1) * args.x_row + c->in_w * CARDINAL_BLOCK;
  const size_t y_numbers = average ? CARDINAL_BLOCK : (c->out_h - 1) * args.y_row + c->out_w * CARDINAL_BLOCK;
  void *x = gauntlet_memory_place_numbers(&run->buffers->x, kernel->format, x_numbers, c->placement);
  for (size_t row = 0; row < c->in_h; ++row)
    for (size_t i = 0; i < c->in_w * CARDINAL_BLOCK; ++i)
      gauntlet_number_store(kernel->format, x, row * args.x_row + i,
                            data_draw_for_pool(kernel->format, c->data, &random));
  args.x = x;
  args.y = gauntlet_memory_place_numbers(&run->buffers->y, kernel->format, y_numbers, c->placement);

  micro_outputs outputs;
  micro_outputs_make(&outputs, kernel->format, args.y, y_numbers);
  cardinal_pool_args oracle = args;
  oracle.y = outputs.oracles;
  if (average)
    oracle_average_pool(&oracle, kernel->format);
  else
    oracle_max_pool(&oracle, kernel->format);

  micro_call(run, &args);
  const output o = {.c = c, .average = average, .y_row = args.y_row};
  micro_compare(run, &outputs, args.y, outputs.oracles, "the oracle", locate, &o);
  if (!run->verdict.violations && strcmp(kernel->twin, kernel->name) != 0) {
    cardinal_pool_args twin = args;
    twin.y = outputs.twins;
    micro_call_twin(run, &twin);
    micro_compare(run, &outputs, args.y, outputs.twins, kernel->twin, locate, &o);
  }
  micro_outputs_free(&outputs);
}

static bool try_case(micro_run *run, pool_case c) {
  if (c.in_h + c.window.pad_top + c.window.pad_bottom < c.window.kernel_h ||
      c.in_w + c.window.pad_left + c.window.pad_right < c.window.kernel_w)
    return true;
  c.out_h = (c.in_h + c.window.pad_top + c.window.pad_bottom - c.window.kernel_h) / c.window.stride_h + 1;
  c.out_w = (c.in_w + c.window.pad_left + c.window.pad_right - c.window.kernel_w) / c.window.stride_w + 1;
  if (!accepted(run, &c))
    return true;
  for (size_t turn = 0; turn < 3; ++turn) { /* each kind of data */
    if (!micro_next(run))
      continue;
    pool_case varied = c;
    describe(run, &varied, turn);
    vary(&varied, micro_random(run, turn), turn);
    run_case(run, &varied, turn);
    if (!micro_end(run))
      return false;
  }
  return true;
}

static bool max_cases(micro_run *run) {
  for (size_t width = 1; width <= micro_scale(run, 40, 17); ++width) /* 3×3 stride 2, as networks have it */
    for (size_t pads = 0; pads < 16; pads += micro_scale(run, 1, 5))
      if (!try_case(run, (pool_case){.in_h = 1 + (width + pads) % 6,
                                     .in_w = width,
                                     .window = {.kernel_h = 3,
                                                .kernel_w = 3,
                                                .stride_h = 2,
                                                .stride_w = 2,
                                                .pad_top = pads >> 1 & 1,
                                                .pad_left = pads & 1,
                                                .pad_bottom = pads >> 2 & 1,
                                                .pad_right = pads >> 3 & 1}}))
        return false;
  gauntlet_random random = gauntlet_seeded(2, run->micro->seed);
  for (size_t number = 0; number < micro_scale(run, 1000, 50); ++number) {
    const size_t kernel_h = gauntlet_between(&random, 1, 4), kernel_w = gauntlet_between(&random, 1, 4);
    if (!try_case(run, (pool_case){.in_h = gauntlet_between(&random, 1, 8),
                                   .in_w = gauntlet_between(&random, 1, 20),
                                   .window = {.kernel_h = kernel_h,
                                              .kernel_w = kernel_w,
                                              .stride_h = gauntlet_between(&random, 1, 3),
                                              .stride_w = gauntlet_between(&random, 1, 3),
                                              .pad_top = gauntlet_between(&random, 0, kernel_h - 1),
                                              .pad_left = gauntlet_between(&random, 0, kernel_w - 1),
                                              .pad_bottom = gauntlet_between(&random, 0, kernel_h - 1),
                                              .pad_right = gauntlet_between(&random, 0, kernel_w - 1)}}))
      return false;
  }
  return true;
}

static bool average_cases(micro_run *run) {
  for (size_t height = 1; height <= 9; ++height)
    for (size_t width = 1; width <= micro_scale(run, 17, 9); ++width)
      if (!try_case(run, (pool_case){.in_h = height,
                                     .in_w = width,
                                     .window = {.kernel_h = height, .kernel_w = width, .stride_h = 1, .stride_w = 1}}))
        return false;
  return true;
}

bool micro_pool_cases(micro_run *run) {
  return run->micro->kernel->operation == CARDINAL_OPERATION_MAX_POOL ? max_cases(run) : average_cases(run);
}
