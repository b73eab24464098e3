/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/judge.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/format.h"

#include "gauntlet/expectation.h"

const char *gauntlet_violation_name(gauntlet_violation violation) {
  static const char *const names[] = {"wrong value",    "unwritten output",
                                      "padding lane",   "read outside",
                                      "wrote outside",  "input changed",
                                      "modes changed",  "register changed",
                                      "not repeatable", "race",
                                      "crash",          "hang",
                                      "exit",           "refused",
                                      "no trial",       "off the reference"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i)
    if (violation == 1u << i)
      return names[i];
  return "unknown";
}

const char *gauntlet_coordinates(const gauntlet_problem *problem, size_t at, char *text, size_t size) {
  const size_t width = (size_t)problem->out_width, height = (size_t)problem->out_height;
  const size_t channels =
      (size_t)(problem->operation == CARDINAL_PLUGIN_CONV ? problem->conv.out_channels : problem->pool.channels);
  snprintf(text, size, "image %zu, channel %zu, row %zu, column %zu", at / width / height / channels,
           at / width / height % channels, at / width % height, at % width);
  return text;
}

/* Notes a violation; the first one is told in words. */
__attribute__((format(printf, 3, 4))) static void charge(gauntlet_verdict *v, gauntlet_violation violation,
                                                         const char *format, ...) {
  if (!v->violations) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(v->what, sizeof v->what, format, arguments);
    va_end(arguments);
  }
  v->violations |= violation;
}

/* ---- how the child ended -------------------------------------------------------------------------------------- */

static const char *const call_names[] = {"the first call", "the call on other data", "the repeated call"};

static const char *stage_name(const gauntlet_traces *traces) {
  switch (traces->stage) {
  case GAUNTLET_LOADING:
    return "loading it";
  case GAUNTLET_PACKING:
    return "packing";
  case GAUNTLET_RUNNING:
    return call_names[traces->call];
  default:
    return "two threads at once";
  }
}

/* A tensor in whose memory a stray access may lie. */
typedef struct place {
  const char *name;
  const gauntlet_memory *memory;
  bool output;
} place;

gauntlet_violation gauntlet_judge_access(const gauntlet_crash *crash, const gauntlet_memory *memory, const char *name,
                                         char *text, size_t size) {
  ptrdiff_t offset;
  if (!crash->address_known || !gauntlet_memory_holds(memory, crash->address, &offset))
    return GAUNTLET_NO_VIOLATION;
  const ptrdiff_t bytes = (ptrdiff_t)memory->bytes;
  const char *does = crash->writing ? "writes" : "reads";
  if (offset >= 0 && offset < bytes) {
    snprintf(text, size, "%s is written, at byte %td of %td", name, offset, bytes);
    return GAUNTLET_INPUT_CHANGED;
  }
  if (offset < 0)
    snprintf(text, size, "%s %td bytes before %s", does, -offset, name);
  else
    snprintf(text, size, "%s behind the end of %s, at byte %td of %td", does, name, offset, bytes);
  return crash->writing ? GAUNTLET_WROTE_OUTSIDE : GAUNTLET_READ_OUTSIDE;
}

static void judge_fault(const gauntlet_remains *r, const char *during, gauntlet_verdict *v) {
  const gauntlet_traces *t = r->traces;
  const place places[] = {
      {"x", &r->x[0], false},
      {"x", &r->x[1], false},
      {"the weights", &r->weights[0], false},
      {"the weights", &r->weights[1], false},
      {"the bias", &r->bias[0], false},
      {"the bias", &r->bias[1], false},
      {"the residual", &r->residual[0], false},
      {"the residual", &r->residual[1], false},
      {"the residual", &r->residual[2], false},
      {"the packed weights", &t->packed[0], false},
      {"the packed weights", &t->packed[1], false},
      {"y", &r->y[0], true},
      {"y", &r->y[1], true},
      {"y", &r->y[2], true},
      {"the scratch", &t->scratch, true},
  };
  for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
    char access[256];
    const gauntlet_violation violation =
        gauntlet_judge_access(&t->crash, places[i].memory, places[i].name, access, sizeof access);
    if (violation) {
      charge(v, violation, "%s: %s", during, access);
      return;
    }
  }
  charge(v, GAUNTLET_CRASH, "%s: crashed (%s at address %p)", during, strsignal(t->crash.signal), t->crash.address);
}

static void judge_end(const gauntlet_trial *trial, const gauntlet_remains *r, gauntlet_verdict *v) {
  char how[128];
  gauntlet_end_describe(r->end, r->status, trial->seconds, how, sizeof how);
  switch (r->end) {
  case GAUNTLET_ENDED_WELL:
    if (r->traces->refused[0])
      charge(v, GAUNTLET_REFUSED, "%s", r->traces->refused);
    break;
  case GAUNTLET_CRASHED:
    if (r->traces->crash.address_known)
      judge_fault(r, stage_name(r->traces), v);
    else
      charge(v, GAUNTLET_CRASH, "%s: %s", stage_name(r->traces), how);
    break;
  case GAUNTLET_EXITED:
    charge(v, GAUNTLET_EXIT, "%s: %s", stage_name(r->traces), how);
    break;
  case GAUNTLET_HUNG:
    charge(v, GAUNTLET_HANG, "%s: %s", stage_name(r->traces), how);
    break;
  case GAUNTLET_NO_CHILD:
    charge(v, GAUNTLET_NO_TRIAL, "%s", how);
    break;
  }
}

/* ---- values --------------------------------------------------------------------------------------------------- */

/* Whether every order gives the same; formats whose sums are rounded again have a bound all the same. */
static bool may_be_exact(const gauntlet_trial *trial) {
  return data_kind_exact(trial->kind) && trial->declaration->format == CARDINAL_PLUGIN_F32;
}

static bool within_promise(const gauntlet_trial *trial, const gauntlet_expectation *e, size_t at, float value) {
  if (trial->declaration->promise == CARDINAL_PLUGIN_SAME_BITS)
    return gauntlet_same(value, e->canonical[at]);
  const double exact = e->exact[at];
  if (isnan(exact))
    return isnan(value);
  if (isinf(exact))
    return (double)value == exact;
  if (may_be_exact(trial) && trial->problem->operation != CARDINAL_PLUGIN_AVERAGE_POOL)
    return (double)value == (double)(float)exact;
  return isinf(e->bound[at]) ? !isnan(value) : fabs((double)value - exact) <= e->bound[at];
}

/* In units of the last place of y's format: a bf16 has 16 bits less than a float, an int8 steps. */
static double ulps(cardinal_format format, float value, double exact) {
  if (format == CARDINAL_FORMAT_INT8)
    return fabs((double)value - exact);
  return gauntlet_ulps(value, (float)exact) / (format == CARDINAL_FORMAT_BF16 ? 0x1p16 : 1.0);
}

static void measure_error(const gauntlet_expectation *e, cardinal_format format, size_t at, float value,
                          gauntlet_verdict *v) {
  if (!isfinite(value) || !isfinite(e->exact[at]))
    return;
  const double ulp = ulps(format, value, e->exact[at]);
  if (ulp > v->worst_ulp) {
    v->worst_ulp = ulp;
    v->worst_ulp_at = at;
  }
  const double error = fabs((double)value - e->exact[at]);
  const double share = error > 0.0 ? error / e->bound[at] : 0.0;
  if (share > v->worst_share) {
    v->worst_share = share;
    v->worst_share_at = at;
  }
}

/* An output as it lies in the kernel's layout. */
typedef struct output {
  const void *data;
  cardinal_format format;
  cardinal_layout layout;
  size_t batch, channels, pixels;
} output;

/* The place in memory of output `at`, NCHW. */
static size_t place_of(const output *y, size_t at) {
  return gauntlet_tensor_index(y->layout, y->channels, y->pixels, at / y->pixels / y->channels,
                               at / y->pixels % y->channels, at % y->pixels);
}

static float output_at(const output *y, size_t at) {
  return gauntlet_number(y->format, y->data, place_of(y, at));
}

static bool all_zero(const output *y, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (output_at(y, i) != 0.0f)
      return false;
  return true;
}

/* Puts the first wrong value into words, with what its pattern suggests. */
static void charge_value(const gauntlet_trial *trial, const gauntlet_remains *r, gauntlet_call call,
                         const gauntlet_expectation *e, const output *y, size_t at, gauntlet_verdict *v) {
  char where[128];
  const float value = output_at(y, at);
  const gauntlet_memory *first = &r->y[GAUNTLET_FIRST];
  const char *hint = "";
  if (call == GAUNTLET_SECOND && memcmp(r->y[call].data, first->data, first->bytes) == 0)
    hint = "; the output is that of the call before";
  else if (all_zero(y, v->outputs))
    hint = "; every output is zero";
  else if (trial->declaration->promise == CARDINAL_PLUGIN_SAME_BITS &&
           fabs((double)value - e->exact[at]) <= e->bound[at])
    hint = "; it is within the bound: another order of summation?";
  else if (isnan(value) && !isnan(e->exact[at]))
    hint = "; a tap in the padding that is multiplied instead of skipped?";
  gauntlet_coordinates(trial->problem, at, where, sizeof where);
  if (trial->declaration->promise == CARDINAL_PLUGIN_SAME_BITS)
    charge(v, GAUNTLET_WRONG_VALUE, "%s: %s is %a, expected %a%s", call_names[call], where, (double)value,
           (double)e->canonical[at], hint);
  else
    charge(v, GAUNTLET_WRONG_VALUE, "%s: %s is %.9g, expected %.9g within %.3g%s", call_names[call], where,
           (double)value, e->exact[at], may_be_exact(trial) ? 0.0 : e->bound[at], hint);
}

static void judge_padding_lanes(const output *y, gauntlet_call call, gauntlet_verdict *v) {
  if (y->layout != CARDINAL_LAYOUT_BLOCKED16)
    return;
  for (size_t image = 0; image < y->batch; ++image)
    for (size_t channel = y->channels; channel % 16; ++channel)
      for (size_t pixel = 0; pixel < y->pixels; ++pixel) {
        const float value = gauntlet_number(
            y->format, y->data, gauntlet_tensor_index(y->layout, y->channels, y->pixels, image, channel, pixel));
        if (gauntlet_same(value, +0.0f))
          continue;
        charge(v, GAUNTLET_PADDING_LANE, "%s: image %zu, pixel %zu: lane %zu, past the channels, is %a, expected +0",
               call_names[call], image, pixel, channel % 16, (double)value);
        return;
      }
}

static void judge_output(const gauntlet_trial *trial, const gauntlet_remains *r, gauntlet_call call,
                         const gauntlet_expectation *e, gauntlet_verdict *v) {
  const data_problem *p = &r->operands[gauntlet_set_of(call)].data;
  const output y = {.data = r->y[call].data,
                    .format = gauntlet_y_format(trial->problem),
                    .layout = trial->declaration->y_layout,
                    .batch = p->shape.batch,
                    .channels = p->shape.out_channels,
                    .pixels = p->shape.out_height * p->shape.out_width};
  bool told = false;
  for (size_t at = 0; at < p->y_floats; ++at) {
    const float value = output_at(&y, at);
    char where[128];
    if (gauntlet_is_canary(y.format, y.data, place_of(&y, at))) {
      charge(v, GAUNTLET_UNWRITTEN, "%s: %s was never written", call_names[call],
             gauntlet_coordinates(trial->problem, at, where, sizeof where));
      v->same_bits = false;
      continue;
    }
    v->same_bits = v->same_bits && gauntlet_same(value, e->canonical[at]);
    if (trial->kind == DATA_RANDOM)
      measure_error(e, y.format, at, value, v);
    if (!told && !within_promise(trial, e, at, value)) {
      charge_value(trial, r, call, e, &y, at, v);
      v->violations |= GAUNTLET_WRONG_VALUE;
      told = true;
    }
  }
  judge_padding_lanes(&y, call, v);
  if (!gauntlet_memory_intact(&r->y[call]))
    charge(v, GAUNTLET_WROTE_OUTSIDE, "%s: memory beside y is written", call_names[call]);
}

/* The first call's output beside the one that came with the data. */
static void judge_given(const gauntlet_trial *trial, const gauntlet_remains *r, const gauntlet_expectation *e,
                        gauntlet_verdict *v) {
  const data_problem *p = &r->operands[0].data;
  const output y = {.data = r->y[GAUNTLET_FIRST].data,
                    .format = gauntlet_y_format(trial->problem),
                    .layout = trial->declaration->y_layout,
                    .batch = p->shape.batch,
                    .channels = p->shape.out_channels,
                    .pixels = p->shape.out_height * p->shape.out_width};
  float *values = malloc((p->y_floats ? p->y_floats : 1) * sizeof *values);
  if (!values) {
    charge(v, GAUNTLET_NO_TRIAL, "no memory for %zu outputs", p->y_floats);
    return;
  }
  for (size_t at = 0; at < p->y_floats; ++at)
    values[at] = output_at(&y, at);
  gauntlet_given_compare(trial->given, values, e->bound, &v->departure);
  const gauntlet_departure *d = &v->departure;
  if (d->outside) {
    char where[128];
    gauntlet_coordinates(trial->problem, d->first, where, sizeof where);
    charge(v, GAUNTLET_OFF_REFERENCE,
           "%s is %.9g (%a), the reference has %.9g (%a), %.0f ULP apart; %zu of %zu outputs", where,
           (double)values[d->first], (double)values[d->first], (double)trial->given->expected[d->first],
           (double)trial->given->expected[d->first], gauntlet_ulps(values[d->first], trial->given->expected[d->first]),
           d->outside, p->y_floats);
  }
  free(values);
}

static void judge_repetition(const gauntlet_remains *r, gauntlet_verdict *v) {
  const gauntlet_memory *first = &r->y[GAUNTLET_FIRST], *again = &r->y[GAUNTLET_REPEATED];
  const size_t numbers = first->bytes / cardinal_format_bytes(first->format);
  const size_t at = gauntlet_first_difference(first->format, first->data, again->data, numbers);
  if (at < numbers)
    charge(v, GAUNTLET_NOT_REPEATABLE, "the repeated call: number %zu of y is %a, in the first call it was %a", at,
           (double)gauntlet_number(first->format, again->data, at),
           (double)gauntlet_number(first->format, first->data, at));
  if (r->traces->races)
    charge(v, GAUNTLET_RACE, "two threads at once: %zu of their runs gave another output than a call alone",
           r->traces->races);
}

static void judge_registers(const gauntlet_traces *traces, gauntlet_verdict *v) {
  for (gauntlet_call call = GAUNTLET_FIRST; call < GAUNTLET_CALLS; ++call) {
    char what[160];
    if (!gauntlet_abi_kept_registers(&traces->abi[call], what, sizeof what))
      charge(v, GAUNTLET_REGISTER_CHANGED, "%s: %s", call_names[call], what);
    if (!gauntlet_abi_kept_modes(&traces->abi[call], what, sizeof what))
      charge(v, GAUNTLET_MODES_CHANGED, "%s: %s", call_names[call], what);
  }
}

void gauntlet_judge(const gauntlet_trial *trial, const gauntlet_remains *r, gauntlet_verdict *v) {
  *v = (gauntlet_verdict){.worst_ulp = -1.0, .worst_share = -1.0, .outputs = r->operands[0].data.y_floats};
  judge_end(trial, r, v);
  if (v->violations)
    return;
  v->same_bits = true;
  judge_registers(r->traces, v);
  gauntlet_expectation expected[GAUNTLET_SETS];
  for (size_t set = 0; set < GAUNTLET_SETS; ++set)
    expected[set] = gauntlet_expect(trial->problem, &r->operands[set]);
  for (gauntlet_call call = GAUNTLET_FIRST; call < GAUNTLET_CALLS; ++call)
    judge_output(trial, r, call, &expected[gauntlet_set_of(call)], v);
  if (trial->given)
    judge_given(trial, r, &expected[0], v);
  for (size_t set = 0; set < GAUNTLET_SETS; ++set)
    gauntlet_expectation_free(&expected[set]);
  judge_repetition(r, v);
  if (!r->traces->packed_intact || !r->traces->scratch_intact)
    charge(v, GAUNTLET_WROTE_OUTSIDE, "memory beside the %s is written",
           r->traces->scratch_intact ? "packed weights" : "scratch");
}
