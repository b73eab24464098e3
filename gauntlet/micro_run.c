/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/format.h"
#include "kernels/fpenv.h"

enum {
  CAPACITY = 1 << 19,     /* floats of an argument */
  CAPACITY_OF_W = 5 << 17 /* those of a panel of int8 whose sums come to the end of int32 */
};

void micro_buffers_init(micro_buffers *buffers) {
  gauntlet_memory_init(&buffers->x, CAPACITY);
  gauntlet_memory_init(&buffers->w, CAPACITY_OF_W);
  gauntlet_memory_init(&buffers->bias, CAPACITY);
  gauntlet_memory_init(&buffers->scale, CAPACITY);
  gauntlet_memory_init(&buffers->residual, CAPACITY);
  gauntlet_memory_init(&buffers->y, CAPACITY);
}

void micro_buffers_free(micro_buffers *buffers) {
  gauntlet_memory_free(&buffers->x);
  gauntlet_memory_free(&buffers->w);
  gauntlet_memory_free(&buffers->bias);
  gauntlet_memory_free(&buffers->scale);
  gauntlet_memory_free(&buffers->residual);
  gauntlet_memory_free(&buffers->y);
}

/* ---- the case that is up -------------------------------------------------------------------------------------- */

bool micro_next(micro_run *run) {
  ++run->number;
  if (!run->buffers)
    return false;
  const size_t only = run->micro->only, most = run->micro->most;
  if (only ? run->number != only
           : most && most < run->total && run->number * most / run->total == (run->number - 1) * most / run->total)
    return false;
  run->verdict = (gauntlet_micro_verdict){.kernel = run->micro->kernel, .number = run->number};
  ++run->ran;
  return true;
}

void micro_words(micro_run *run, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(run->verdict.words, sizeof run->verdict.words, format, arguments);
  va_end(arguments);
}

/* FNV-1a (Fowler, Noll and Vo): any text gives another number. */
gauntlet_random micro_random(const micro_run *run, size_t turn) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325) + turn;
  for (const char *at = run->verdict.words; *at; ++at)
    hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
  return gauntlet_seeded(hash, run->micro->seed);
}

size_t micro_draw_gap(gauntlet_random *random) {
  return gauntlet_between(random, 0, 3) ? 0 : gauntlet_between(random, 1, 2);
}

uint32_t micro_draw_lanes(gauntlet_random *random) {
  switch (gauntlet_between(random, 0, 3)) {
  case 0:
    return (1u << gauntlet_between(random, 1, 16)) - 1;
  case 1:
    return gauntlet_u32(random) & CARDINAL_ALL_LANES;
  default:
    return CARDINAL_ALL_LANES;
  }
}

data_kind micro_draw_kind(gauntlet_random *random, size_t turn) {
  return (data_kind)(turn % 2 ? gauntlet_between(random, 1, DATA_KINDS - 1) : DATA_RANDOM);
}

const char *micro_placement_name(gauntlet_placement placement) {
  static const char *const names[] = {"at start", "at end", "askew"};
  return names[placement];
}

gauntlet_placement micro_weights_placement(gauntlet_placement placement) {
  return placement == GAUNTLET_AT_START ? GAUNTLET_AT_START : GAUNTLET_AT_END;
}

size_t micro_scale(const micro_run *run, size_t full, size_t small) {
  return run->micro->small ? small : full;
}

bool micro_accepts(const micro_run *run, const cardinal_shape *shape) {
  return !cardinal_kernel_declines_shape(run->micro->kernel, shape);
}

/* ---- calling -------------------------------------------------------------------------------------------------- */

void micro_charge(micro_run *run, gauntlet_violation violation, const char *format, ...) {
  if (!run->verdict.violations) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->verdict.what, sizeof run->verdict.what, format, arguments);
    va_end(arguments);
  }
  run->verdict.violations |= violation;
}

static uint64_t fingerprint(const gauntlet_memory *memory) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  const unsigned char *data = memory->data;
  for (size_t i = 0; i < memory->bytes; ++i)
    hash = (hash ^ data[i]) * UINT64_C(0x100000001B3);
  return hash;
}

cardinal_format micro_y_format(const micro_run *run, uint32_t y_f32) {
  return y_f32 ? CARDINAL_FORMAT_F32 : run->micro->kernel->format;
}

const float *micro_lay_scale(micro_buffers *buffers, const float *scale, size_t channels,
                             gauntlet_placement placement) {
  float *to = gauntlet_memory_place(&buffers->scale, scale ? channels : 0, placement);
  if (!scale)
    return NULL;
  memcpy(to, scale, channels * sizeof *to);
  return to;
}

/* Convolutions of bf16 run with denormals flushed. */
static cardinal_fp_modes enter_modes(const cardinal_kernel *kernel) {
  return cardinal_fp_enter(kernel->format == CARDINAL_FORMAT_BF16 && kernel->form != CARDINAL_FORM_POOL);
}

static gauntlet_abi_function *function_of(const cardinal_kernel *kernel) {
  gauntlet_abi_function *function = NULL;
  switch (kernel->form) {
  case CARDINAL_FORM_CONV1X1:
    memcpy(&function, &kernel->conv1x1, sizeof function);
    break;
  case CARDINAL_FORM_FC:
    memcpy(&function, &kernel->fc, sizeof function);
    break;
  case CARDINAL_FORM_CONV:
    memcpy(&function, &kernel->conv, sizeof function);
    break;
  case CARDINAL_FORM_POOL:
    memcpy(&function, &kernel->pool, sizeof function);
    break;
  }
  return function;
}

void micro_call(micro_run *run, const void *args) {
  const struct {
    const char *name;
    const gauntlet_memory *memory;
  } inputs[] = {{"x", &run->buffers->x},
                {"w", &run->buffers->w},
                {"the bias", &run->buffers->bias},
                {"the scale", &run->buffers->scale},
                {"the residual", &run->buffers->residual}};
  enum {
    INPUTS = sizeof inputs / sizeof inputs[0]
  };
  uint64_t before[INPUTS];
  for (size_t i = 0; i < INPUTS; ++i)
    before[i] = fingerprint(inputs[i].memory);
  if (run->micro->starts)
    run->micro->starts(run->micro->user, &run->verdict);

  gauntlet_abi_report report;
  const cardinal_fp_modes modes = enter_modes(run->micro->kernel);
  gauntlet_abi_call(function_of(run->micro->kernel), args, NULL, &report);
  cardinal_fp_leave(modes);

  char what[160];
  if (!gauntlet_abi_kept_registers(&report, what, sizeof what))
    micro_charge(run, GAUNTLET_REGISTER_CHANGED, "%s", what);
  if (!gauntlet_abi_kept_modes(&report, what, sizeof what))
    micro_charge(run, GAUNTLET_MODES_CHANGED, "%s", what);
  for (size_t i = 0; i < INPUTS; ++i) {
    if (before[i] != fingerprint(inputs[i].memory))
      micro_charge(run, GAUNTLET_INPUT_CHANGED, "%s was changed", inputs[i].name);
    if (!gauntlet_memory_intact(inputs[i].memory))
      micro_charge(run, GAUNTLET_WROTE_OUTSIDE, "memory beside %s was written", inputs[i].name);
  }
  if (!gauntlet_memory_intact(&run->buffers->y))
    micro_charge(run, GAUNTLET_WROTE_OUTSIDE, "memory beside y was written");
}

void micro_call_twin(const micro_run *run, const void *args) {
  const cardinal_kernel *twin = cardinal_kernel_find(run->micro->kernel->twin);
  const cardinal_fp_modes modes = enter_modes(twin);
  function_of(twin)(args, NULL);
  cardinal_fp_leave(modes);
}

/* ---- judging -------------------------------------------------------------------------------------------------- */

static void *copy(const void *from, size_t bytes) {
  return memcpy(gauntlet_allocate(bytes, 1), from, bytes);
}

void micro_outputs_make(micro_outputs *outputs, cardinal_format format, const void *y, size_t count) {
  const size_t bytes = count * cardinal_format_bytes(format);
  *outputs = (micro_outputs){.format = format, .count = count, .oracles = copy(y, bytes), .twins = copy(y, bytes)};
}

void micro_outputs_free(micro_outputs *outputs) {
  free(outputs->oracles);
  free(outputs->twins);
}

void micro_compare(micro_run *run, const micro_outputs *outputs, const void *found, const void *expected,
                   const char *other, micro_locate *locate, const void *form) {
  const cardinal_format format = outputs->format;
  const size_t bytes = cardinal_format_bytes(format);
  for (size_t at = 0; at < outputs->count; ++at) {
    at += gauntlet_first_difference(format, (const char *)found + at * bytes, (const char *)expected + at * bytes,
                                    outputs->count - at);
    if (at == outputs->count)
      return;
    char where[128];
    const micro_place place = locate(form, at, where, sizeof where);
    const double value = (double)gauntlet_number(format, found, at);
    if (place == MICRO_OUTSIDE)
      micro_charge(run, GAUNTLET_WROTE_OUTSIDE, "%s (number %zu of y) was written, with %a", where, at, value);
    else if (gauntlet_is_canary(format, found, at))
      micro_charge(run, GAUNTLET_UNWRITTEN, "%s (number %zu of y) was never written%s", where, at,
                   format == CARDINAL_FORMAT_INT8 ? ", or is -128" : "");
    else if (place == MICRO_MASKED_LANE)
      micro_charge(run, GAUNTLET_PADDING_LANE, "%s (number %zu of y), outside the mask, is %a, expected +0", where, at,
                   value);
    else
      micro_charge(run, GAUNTLET_WRONG_VALUE, "%s (number %zu of y) is %a, %s gives %a", where, at, value, other,
                   (double)gauntlet_number(format, expected, at));
  }
}

bool micro_end(micro_run *run) {
  return run->micro->judged(run->micro->user, &run->verdict);
}
