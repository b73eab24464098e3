/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of micro-kernels: each wrong manner is told by its name, with the case that shows it; the right one passes. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/micro_campaign.h"
#include "gauntlet/oracle.h"
#include "kernels/format.h"
#include "kernels/fpenv.h"

/* Seconds for a call: machines may be busy, and what hangs shouldn't last. */
enum {
  PATIENCE = 60,
  PATIENCE_WITH_HANGING = 2
};

static const cardinal_kernel *right_conv(void) {
  return cardinal_kernel_find("conv_f32_generic");
}

static void right(const cardinal_conv_args *a) {
  right_conv()->conv(a);
}

static void row_too_many(const cardinal_conv_args *a) {
  cardinal_conv_args more = *a;
  ++more.row_end;
  right(&more);
}

static void row_too_few(const cardinal_conv_args *a) {
  cardinal_conv_args less = *a;
  less.row_end -= less.row_end > less.row_begin;
  right(&less);
}

static void all_lanes(const cardinal_conv_args *a) {
  right(a);
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      if (!(a->lane_mask & 1u << l))
        ((float *)a->y)[row * a->y_row + l] = -0.0f;
}

static void no_relu(const cardinal_conv_args *a) {
  cardinal_conv_args without = *a;
  without.relu = 0;
  right(&without);
}

static void first_input_gone(const cardinal_conv_args *a) {
  right(a);
  memset((void *)(uintptr_t)a->x, 0x11, sizeof(float));
}

static void other_rounding(const cardinal_conv_args *a) {
  right(a);
  fesetround(FE_UPWARD);
}

static void stray_read(const cardinal_conv_args *a) {
  right(a);
  const volatile float *before = a->x;
  (void)before[-1];
}

static void crashing(const cardinal_conv_args *a) {
  (void)a;
  raise(SIGILL);
}

static void hanging(const cardinal_conv_args *a) {
  for (volatile bool stuck = a->channels > 3; stuck;)
    continue;
  right(a);
}

static void leaving(const cardinal_conv_args *a) {
  (void)a;
  exit(0);
}

/* What the verdicts of a kernel had in common, and the last wrong one. */
typedef struct tally {
  size_t wrong;
  uint32_t violations;
  gauntlet_micro_verdict last;
} tally;

static bool count(void *user, const gauntlet_micro_verdict *verdict) {
  tally *t = user;
  if (verdict->violations) {
    ++t->wrong;
    t->violations |= verdict->violations;
    t->last = *verdict;
  }
  return true;
}

static size_t try_calls_of(const cardinal_kernel *twin, cardinal_conv_kernel *function, size_t only, tally *t) {
  cardinal_kernel kernel = *twin;
  kernel.name = "tried";
  kernel.conv = function;
  *t = (tally){0};
  return gauntlet_micro_apart(
      &(gauntlet_micro){.kernel = &kernel, .small = true, .only = only, .user = t, .judged = count},
      function == hanging ? PATIENCE_WITH_HANGING : PATIENCE);
}

static size_t try_calls(cardinal_conv_kernel *function, size_t only, tally *t) {
  return try_calls_of(right_conv(), function, only, t);
}

Test(micro, wrong_manners_are_told) {
  static const struct {
    const char *what;
    cardinal_conv_kernel *function;
    uint32_t violation; /* one of these */
  } wrong[] = {
      {"a row too many", row_too_many, GAUNTLET_WROTE_OUTSIDE | GAUNTLET_READ_OUTSIDE},
      {"a row too few", row_too_few, GAUNTLET_UNWRITTEN},
      {"lanes outside the mask", all_lanes, GAUNTLET_PADDING_LANE},
      {"no relu", no_relu, GAUNTLET_WRONG_VALUE},
      {"x changed", first_input_gone, GAUNTLET_INPUT_CHANGED},
      {"another rounding", other_rounding, GAUNTLET_MODES_CHANGED},
      {"a stray read", stray_read, GAUNTLET_READ_OUTSIDE},
      {"a crash", crashing, GAUNTLET_CRASH},
      {"a hang", hanging, GAUNTLET_HANG},
      {"an exit", leaving, GAUNTLET_EXIT},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
    tally t, again;
    try_calls(wrong[i].function, 0, &t);
    cr_expect(t.violations & wrong[i].violation, "%s: %zu verdicts, violations %x", wrong[i].what, t.wrong,
              t.violations);
    const size_t ran = try_calls(wrong[i].function, t.last.number, &again);
    cr_expect(ran == 1 && again.violations == t.last.violations && strcmp(again.last.what, t.last.what) == 0,
              "%s: call %zu alone: %zu ran, \"%s\" instead of \"%s\"", wrong[i].what, t.last.number, ran,
              again.last.what, t.last.what);
  }
}

Test(micro, right_manners_pass) {
  tally t;
  const size_t all = try_calls(right, 0, &t);
  cr_expect(all > 80 && t.wrong == 0, "%zu calls, %zu wrong: %s", all, t.wrong, t.last.what);
}

/* A part of the cases is taken evenly, and exactly as many as were asked for. */
static bool note_number(void *user, const gauntlet_micro_verdict *verdict) {
  size_t *numbers = user;
  numbers[++numbers[0]] = verdict->number;
  return true;
}

Test(micro, a_part_is_spread_evenly) {
  size_t numbers[64] = {0};
  const gauntlet_micro micro = {
      .kernel = right_conv(), .small = true, .most = 10, .user = numbers, .judged = note_number};
  cr_assert(gauntlet_micro_run(&micro) == 10 && numbers[0] == 10, "%zu ran, %zu told", gauntlet_micro_run(&micro),
            numbers[0]);
  const size_t first = numbers[2] - numbers[1];
  cr_expect(first > 5, "numbers %zu and %zu", numbers[1], numbers[2]);
  for (size_t i = 2; i <= 10; ++i) {
    const size_t apart = numbers[i] - numbers[i - 1];
    cr_expect(apart + 1 >= first && apart <= first + 1, "numbers %zu and %zu", numbers[i - 1], numbers[i]);
  }
}

/* ---- bf16 and int8 --------------------------------------------------------------------------------------------- */

static cardinal_format tried_format;
static oracle_order tried_order;

/* With the modes that the oracle expects, which then flushes where the order says so. */
static void in_some_order(const cardinal_conv_args *a) {
  const cardinal_fp_modes modes = cardinal_fp_enter(false);
  oracle_conv(a, tried_format, false, tried_order);
  cardinal_fp_leave(modes);
}

static const cardinal_kernel *right_conv_of(cardinal_format format) {
  static const char *const names[] = {"conv_f32_generic", "conv_bf16_generic", "conv_int8_generic"};
  return cardinal_kernel_find(names[format]);
}

Test(micro, wrong_orders_are_told) {
  for (tried_format = CARDINAL_FORMAT_F32; tried_format <= CARDINAL_FORMAT_INT8; ++tried_format)
    for (tried_order = ORACLE_CANONICAL; tried_order < ORACLE_ORDERS; ++tried_order) {
      if (!oracle_order_applies(tried_order, tried_format))
        continue;
      tally t;
      const size_t ran = try_calls_of(right_conv_of(tried_format), in_some_order, 0, &t);
      const uint32_t expected = tried_order == ORACLE_CANONICAL ? 0 : GAUNTLET_WRONG_VALUE;
      cr_expect(ran > 80 && t.violations == expected, "%s in the order '%s': %zu calls, %zu wrong, violations %x: %s",
                cardinal_format_name(tried_format), oracle_order_name(tried_order), ran, t.wrong, t.violations,
                t.last.what);
    }
}

/* What a kernel of int8 may do wrong with the end of its range, before y is stored. */
typedef float ending(float value);

static float ends_at_128(float value) {
  return rintf(value < -128.0f ? -128.0f : value > 127.0f ? 127.0f : value);
}

static float wraps(float value) {
  return (float)(int8_t)((int64_t)(fabsf(value) < 0x1p40f ? rintf(value) : 0.0f) & 0xFF);
}

static float ends_at_127(float value) {
  return gauntlet_round(CARDINAL_FORMAT_INT8, value);
}

static void end_with(const cardinal_conv_args *a, ending *end) {
  const size_t numbers = a->row_end * a->y_row;
  float *y = calloc(2 * numbers + 1, sizeof *y), *residual = y + numbers;
  cardinal_conv_args to_f32 = *a;
  to_f32.y = y;
  to_f32.y_f32 = 1;
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t i = 0; i < a->out_width * CARDINAL_BLOCK && a->residual && !a->y_f32; ++i)
      residual[row * a->y_row + i] = gauntlet_number(CARDINAL_FORMAT_INT8, a->residual, row * a->y_row + i);
  to_f32.residual = a->residual ? a->y_f32 ? a->residual : residual : NULL;
  right_conv_of(CARDINAL_FORMAT_INT8)->conv(&to_f32);
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    for (size_t i = 0; i < a->out_width * CARDINAL_BLOCK; ++i)
      gauntlet_number_store(a->y_f32 ? CARDINAL_FORMAT_F32 : CARDINAL_FORMAT_INT8, a->y, row * a->y_row + i,
                            a->y_f32 ? y[row * a->y_row + i] : end(y[row * a->y_row + i]));
  free(y);
}

static void int8_ends_at_128(const cardinal_conv_args *a) {
  end_with(a, ends_at_128);
}

static void int8_wraps(const cardinal_conv_args *a) {
  end_with(a, wraps);
}

static void int8_ends_right(const cardinal_conv_args *a) {
  end_with(a, ends_at_127);
}

static void int8_has_one_scale(const cardinal_conv_args *a) {
  float scale[CARDINAL_BLOCK];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    scale[l] = a->scale[0];
  cardinal_conv_args wrong = *a;
  wrong.scale = scale;
  right_conv_of(CARDINAL_FORMAT_INT8)->conv(&wrong);
}

static void int8_adds_residual_unscaled(const cardinal_conv_args *a) {
  cardinal_conv_args wrong = *a;
  wrong.residual_scale = 1.0f;
  right_conv_of(CARDINAL_FORMAT_INT8)->conv(&wrong);
}

static void int8_reads_a_number_too_many(const cardinal_conv_args *a) {
  right_conv_of(CARDINAL_FORMAT_INT8)->conv(a);
  const volatile int8_t *before = a->x;
  (void)before[-1];
}

/* Sums beside which lanes lie that aren't the cell's. */
static void bf16_adds_what_lies_beside(const cardinal_conv_args *a) {
  cardinal_conv_args wrong = *a;
  right_conv_of(CARDINAL_FORMAT_BF16)->conv(&wrong);
  const size_t beside = (a->channels + 1) / 2 * 2;
  if (a->slot != CARDINAL_BLOCK || beside >= CARDINAL_BLOCK || !a->y_f32)
    return;
  const float other = gauntlet_number(CARDINAL_FORMAT_BF16, a->x, beside);
  for (size_t row = a->row_begin; row < a->row_end; ++row)
    ((float *)a->y)[row * a->y_row] += 0.0f * other;
}

static void bf16_changes_modes(const cardinal_conv_args *a) {
  right_conv_of(CARDINAL_FORMAT_BF16)->conv(a);
  cardinal_fp_enter(false);
}

Test(micro, wrong_manners_of_formats_are_told) {
  static const struct {
    const char *what;
    cardinal_format format;
    cardinal_conv_kernel *function;
    uint32_t violation; /* one of these; 0: none */
  } tried[] = {
      {"the end at -127", CARDINAL_FORMAT_INT8, int8_ends_right, 0},
      {"the end at -128", CARDINAL_FORMAT_INT8, int8_ends_at_128, GAUNTLET_UNWRITTEN}, /* its canary */
      {"no end", CARDINAL_FORMAT_INT8, int8_wraps, GAUNTLET_WRONG_VALUE},
      {"one scale for all lanes", CARDINAL_FORMAT_INT8, int8_has_one_scale, GAUNTLET_WRONG_VALUE},
      {"no scale of the residual", CARDINAL_FORMAT_INT8, int8_adds_residual_unscaled, GAUNTLET_WRONG_VALUE},
      {"a byte too many", CARDINAL_FORMAT_INT8, int8_reads_a_number_too_many, GAUNTLET_READ_OUTSIDE},
      {"lanes beside the cell", CARDINAL_FORMAT_BF16, bf16_adds_what_lies_beside, GAUNTLET_WRONG_VALUE},
      {"other modes", CARDINAL_FORMAT_BF16, bf16_changes_modes, GAUNTLET_MODES_CHANGED},
  };
  for (size_t i = 0; i < sizeof tried / sizeof tried[0]; ++i) {
    tally t;
    try_calls_of(right_conv_of(tried[i].format), tried[i].function, 0, &t);
    cr_expect(tried[i].violation ? t.violations & tried[i].violation : !t.violations,
              "%s: %zu verdicts, violations %x: %s", tried[i].what, t.wrong, t.violations, t.last.what);
  }
}
