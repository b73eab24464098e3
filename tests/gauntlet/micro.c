/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of micro-kernels: each wrong manner is told by its name, with the case that shows it; the right one passes. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/micro_campaign.h"

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

static size_t try_calls(cardinal_conv_kernel *function, size_t only, tally *t) {
  cardinal_kernel kernel = *right_conv();
  kernel.name = "tried";
  kernel.conv = function;
  *t = (tally){0};
  return gauntlet_micro_apart(
      &(gauntlet_micro){.kernel = &kernel, .small = true, .only = only, .user = t, .judged = count},
      function == hanging ? PATIENCE_WITH_HANGING : PATIENCE);
}

Test(micro, wrong_manners_are_told) {
  static const struct {
    const char *what;
    cardinal_conv_kernel *function;
    gauntlet_violation violation;
  } wrong[] = {
      {"a row too many", row_too_many, GAUNTLET_WROTE_OUTSIDE},
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
