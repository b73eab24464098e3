/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_conv.h"

#include <stdio.h>
#include <string.h>

#include "gauntlet/oracle.h"
#include "kernels/format.h"

static bool output_size(size_t in, size_t pad, size_t spanned, size_t stride, size_t *out) {
  if (in + pad < spanned)
    return false;
  *out = (in + pad - spanned) / stride + 1;
  return true;
}

bool micro_conv_complete(micro_conv *c) {
  const cardinal_window *w = &c->window;
  return output_size(c->in_h, w->pad_top + w->pad_bottom, cardinal_window_height(w), w->stride_h, &c->out_h) &&
         output_size(c->in_w, w->pad_left + w->pad_right, cardinal_window_width(w), w->stride_w, &c->out_w);
}

bool micro_conv_accepted(const micro_run *run, const micro_conv *c) {
  cardinal_shape shape = {
      .operation = CARDINAL_OPERATION_CONV,
      .format = c->format,
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
  if (micro_accepts(run, &shape))
    return true;
  shape.groups = 2;
  return c->slot == CARDINAL_BLOCK && micro_accepts(run, &shape);
}

static void describe(micro_run *run, const micro_conv *c, size_t turn) {
  static const char *const residuals[] = {"no residual", "residual", "residual in place"};
  micro_words(
      run,
      "run %zu: %zu channels, slot %zu, %zux%zu in, window %zux%zu, stride %zux%zu, dilation %zux%zu, "
      "pads %zu %zu %zu %zu (top left bottom right), rows %zu to %zu of %zu, gap %zu, lanes %04x, relu %u, y %s, "
      "%s, %s data, %s",
      turn, c->channels, c->slot, c->in_h, c->in_w, c->window.kernel_h, c->window.kernel_w, c->window.stride_h,
      c->window.stride_w, c->window.dilation_h, c->window.dilation_w, c->window.pad_top, c->window.pad_left,
      c->window.pad_bottom, c->window.pad_right, c->row_begin, c->row_end, c->out_h, c->gap, c->lane_mask, c->relu,
      cardinal_format_name(micro_y_format(run, c->y_f32)), residuals[c->residual], data_kind_name(c->data),
      micro_placement_name(c->placement));
}

/* ---- arguments ------------------------------------------------------------------------------------------------ */

static cardinal_reference_shape reference_shape(const micro_conv *c) {
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

/* Lays x out as the kernel reads it. Lanes and gaps that must not enter a sum keep their canaries: NaNs, and of int8
 * -128. Of bf16, lanes that the last cell of a group has beyond its channels are zeros. */
static void lay_x(const micro_conv *c, const data_problem *p, micro_buffers *buffers, cardinal_conv_args *a) {
  const size_t groups = CARDINAL_BLOCK / c->slot, unit = c->planes ? 1 : CARDINAL_BLOCK;
  const size_t blocks = c->planes ? c->channels : (c->channels + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  a->x_row = (c->in_w + c->gap) * unit;
  a->x_block = (c->in_h + c->gap) * a->x_row;
  void *x = gauntlet_memory_place_numbers(
      &buffers->x, c->format, (blocks - 1) * a->x_block + (c->in_h - 1) * a->x_row + c->in_w * unit, c->placement);
  a->x = x;
  const bool fill_cell = c->format == CARDINAL_FORMAT_BF16 && c->channels % 2 && c->slot > 1;
  for (size_t g = 0; g < groups; ++g)
    for (size_t ch = 0; ch < c->channels + fill_cell; ++ch)
      for (size_t row = 0; row < c->in_h; ++row)
        for (size_t column = 0; column < c->in_w; ++column) {
          const float value =
              ch == c->channels ? 0.0f : p->x[((g * c->channels + ch) * c->in_h + row) * c->in_w + column];
          gauntlet_number_store(c->format, x,
                                c->planes ? ch * a->x_block + row * a->x_row + column
                                          : ch / CARDINAL_BLOCK * a->x_block + row * a->x_row +
                                                column * CARDINAL_BLOCK + g * c->slot + ch % CARDINAL_BLOCK,
                                value);
        }
}

/* [block of channels][ky][cell][kx][lane][channel of the cell], from the weight of (lane, channel, ky, kx). */
static void lay_weights(const micro_conv *c, const data_problem *p, micro_buffers *buffers, cardinal_conv_args *a) {
  const size_t taps = c->window.kernel_h * c->window.kernel_w, each = cardinal_cell_channels(c->format);
  const size_t words = cardinal_cells(c->format, c->channels) * taps * CARDINAL_BLOCK;
  void *w = gauntlet_memory_place_numbers(&buffers->w, c->format, words * each, micro_weights_placement(c->placement));
  a->w = w;
  for (size_t ch = 0; ch < cardinal_cells(c->format, c->channels) * each; ++ch) {
    const size_t first = ch / CARDINAL_BLOCK * CARDINAL_BLOCK;
    const size_t in_block = c->channels - first < CARDINAL_BLOCK ? c->channels - first : CARDINAL_BLOCK;
    const size_t cells = cardinal_cells(c->format, in_block), cell = (ch - first) / each;
    for (size_t ky = 0; ky < c->window.kernel_h; ++ky)
      for (size_t kx = 0; kx < c->window.kernel_w; ++kx)
        for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
          const bool exists = c->lane_mask & 1u << l && ch < c->channels;
          const size_t word = first / each * taps + (ky * cells + cell) * c->window.kernel_w + kx;
          gauntlet_number_store(c->format, w, (word * CARDINAL_BLOCK + l) * each + ch % each,
                                exists ? p->weights[(l * c->channels + ch) * taps + ky * c->window.kernel_w + kx]
                                       : 0.0f);
        }
  }
  float *bias = gauntlet_memory_place(&buffers->bias, CARDINAL_BLOCK, c->placement);
  a->bias = bias;
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    bias[l] = c->lane_mask & 1u << l ? p->bias[l] : 0.0f;
  a->scale = micro_lay_scale(buffers, p->scale, CARDINAL_BLOCK, c->placement);
}

/* y begins as canaries, or as the residual where the kernel works in place. */
static size_t lay_y(const micro_conv *c, const data_problem *p, micro_buffers *buffers, cardinal_conv_args *a) {
  a->y_row = (c->out_w + c->gap) * CARDINAL_BLOCK;
  const size_t numbers = (c->out_h - 1) * a->y_row + c->out_w * CARDINAL_BLOCK;
  a->y = gauntlet_memory_place_numbers(&buffers->y, p->y_format, numbers, c->placement);
  void *residual = c->residual == MICRO_RESIDUAL_APART
                       ? gauntlet_memory_place_numbers(&buffers->residual, p->y_format, numbers, c->placement)
                       : a->y;
  a->residual = c->residual == MICRO_NO_RESIDUAL ? NULL : residual;
  if (c->residual != MICRO_NO_RESIDUAL)
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      for (size_t row = 0; row < c->out_h; ++row)
        for (size_t column = 0; column < c->out_w; ++column)
          gauntlet_number_store(p->y_format, residual, row * a->y_row + column * CARDINAL_BLOCK + l,
                                p->residual[(l * c->out_h + row) * c->out_w + column]);
  return numbers;
}

void micro_conv_lay_out(micro_conv_call *call, const micro_conv *c, gauntlet_random *random, micro_buffers *buffers) {
  const data_wish wish = {.shape = reference_shape(c),
                          .format = c->format,
                          .y_format = c->y_f32 ? CARDINAL_FORMAT_F32 : c->format,
                          .residual = c->residual != MICRO_NO_RESIDUAL,
                          .kind = c->data};
  data_problem_make(&call->problem, &wish, random);
  cardinal_conv_args args = {.channels = c->channels,
                             .slot = c->slot,
                             .in_height = c->in_h,
                             .in_width = c->in_w,
                             .out_width = c->out_w,
                             .row_begin = c->row_begin,
                             .row_end = c->row_end,
                             .window = c->window,
                             .lane_mask = c->lane_mask,
                             .relu = c->relu,
                             .y_f32 = c->y_f32,
                             .residual_scale = call->problem.residual_scale};
  lay_x(c, &call->problem, buffers, &args);
  lay_weights(c, &call->problem, buffers, &args);
  call->y_numbers = lay_y(c, &call->problem, buffers, &args);
  call->args = args;
}

void micro_conv_call_free(micro_conv_call *call) {
  data_problem_free(&call->problem);
}

/* ---- judging -------------------------------------------------------------------------------------------------- */

/* Where a number of y lies. */
typedef struct output {
  const micro_conv *c;
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
  if (row < o->c->row_begin || row >= o->c->row_end)
    return MICRO_OUTSIDE;
  return o->c->lane_mask & 1u << lane ? MICRO_OUTPUT : MICRO_MASKED_LANE;
}

bool micro_conv_out_of_bound(const micro_conv_call *call, const micro_conv *c, size_t *at, float *value,
                             double *exact) {
  data_check check;
  data_check_start(&check, &call->problem, c->data, (int)c->relu);
  bool found = false;
  for (size_t l = 0; !found && l < CARDINAL_BLOCK; ++l) {
    if (!(c->lane_mask & 1u << l))
      continue;
    for (size_t row = c->row_begin; !found && row < c->row_end; ++row)
      for (size_t column = 0; !found && column < c->out_w; ++column) {
        *at = (l * c->out_h + row) * c->out_w + column;
        *value =
            gauntlet_number(call->problem.y_format, call->args.y, row * call->args.y_row + column * CARDINAL_BLOCK + l);
        found = !data_check_value(&check, *at, *value);
        if (found)
          *exact = check.reference[*at];
      }
  }
  data_check_end(&check);
  return found;
}

static void check_values(micro_run *run, const micro_conv_call *call, const micro_conv *c) {
  size_t at;
  float value;
  double exact;
  if (micro_conv_out_of_bound(call, c, &at, &value, &exact))
    micro_charge(run, GAUNTLET_WRONG_VALUE, "row %zu, column %zu, lane %zu is %a, in double precision it is %a",
                 at / c->out_w % c->out_h, at % c->out_w, at / c->out_w / c->out_h, (double)value, exact);
}

/* The call's arguments for another computer. */
static cardinal_conv_args args_into(const micro_conv_call *call, const micro_conv *c, void *y) {
  cardinal_conv_args args = call->args;
  args.y = y;
  args.residual = c->residual == MICRO_RESIDUAL_IN_PLACE ? y : args.residual;
  return args;
}

/* Lays a call out and asks the oracle, with other data where the contract promises nothing of the result. */
static void prepare(micro_conv_call *call, micro_outputs *outputs, const micro_conv *c, gauntlet_random *random,
                    micro_buffers *buffers) {
  for (;;) {
    micro_conv_lay_out(call, c, random, buffers);
    micro_outputs_make(outputs, call->problem.y_format, call->args.y, call->y_numbers);
    const cardinal_conv_args args = args_into(call, c, outputs->oracles);
    if (oracle_conv(&args, c->format, c->planes, ORACLE_CANONICAL))
      return;
    micro_outputs_free(outputs);
    micro_conv_call_free(call);
  }
}

static void run_case(micro_run *run, const micro_conv *c, size_t turn) {
  describe(run, c, turn);
  gauntlet_random random = micro_random(run, turn);
  micro_conv_call call;
  micro_outputs outputs;
  prepare(&call, &outputs, c, &random, run->buffers);

  micro_call(run, &call.args);
  const output o = {.c = c, .y_row = call.args.y_row};
  micro_compare(run, &outputs, call.args.y, outputs.oracles, "the oracle", locate, &o);
  const cardinal_kernel *kernel = run->micro->kernel;
  if (!run->verdict.violations && strcmp(kernel->twin, kernel->name) != 0) {
    const cardinal_conv_args args = args_into(&call, c, outputs.twins);
    micro_call_twin(run, &args);
    micro_compare(run, &outputs, call.args.y, outputs.twins, kernel->twin, locate, &o);
  }
  if (!run->verdict.violations)
    check_values(run, &call, c);
  micro_outputs_free(&outputs);
  micro_conv_call_free(&call);
}

/* Numbers that vary over the cases of a kernel without a nested loop for each. */
static void vary(micro_conv *c, gauntlet_random random, size_t turn) {
  c->relu = (uint32_t)gauntlet_between(&random, 0, 1);
  c->residual = (micro_residual)gauntlet_between(&random, 0, MICRO_RESIDUALS - 1);
  c->data = micro_draw_kind(&random, turn);
  c->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
  c->gap = micro_draw_gap(&random);
  c->lane_mask = micro_draw_lanes(&random);
  c->row_begin = gauntlet_between(&random, 0, 2) ? 0 : gauntlet_between(&random, 0, c->out_h - 1);
  c->row_end = gauntlet_between(&random, 0, 2) ? c->out_h : gauntlet_between(&random, c->row_begin, c->out_h);
  c->y_f32 = (uint32_t)gauntlet_between(&random, 0, 1);
}

bool micro_conv_try(micro_run *run, const micro_conv *c) {
  micro_conv complete = *c;
  if (!micro_conv_complete(&complete) || !micro_conv_accepted(run, &complete))
    return true;
  for (size_t turn = 0; turn < 2; ++turn) { /* random data, and another kind */
    if (!micro_next(run))
      continue;
    micro_conv varied = complete;
    describe(run, &varied, turn);
    vary(&varied, micro_random(run, turn), turn);
    run_case(run, &varied, turn);
    if (!micro_end(run))
      return false;
  }
  return true;
}
