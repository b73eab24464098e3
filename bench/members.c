/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/members.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char *kind_name(bench_kind kind) {
  static const char *const names[] = {
      [BENCH_FMA] = "fma",     [BENCH_CANARY] = "canary", [BENCH_COPY] = "copy",       [BENCH_NAIVE] = "naive",
      [BENCH_PLAIN] = "plain", [BENCH_LAYER] = "layer",   [BENCH_FOREIGN] = "foreign", [BENCH_NET] = "net"};
  return names[kind];
}

static void add_text(json_t *to, const char *key, const char *text) {
  json_t *value = json_string(text);
  /* A plug-in may have named its kernel in no known encoding. */
  json_object_set_new(to, key, value ? value : json_string("?"));
}

static void add_problem(const bench_suite *s, const bench_entry *e, json_t *to) {
  const bench_problem *p = &s->problems[s->layers[e->layer].problem];
  char shape[96];
  bench_problem_describe(p, shape, sizeof shape);
  add_text(to, "model", s->models[e->model].spec.name);
  add_text(to, "layer", s->layers[e->layer].name);
  add_text(to, "shape", shape);
  json_object_set_new(to, "flops", json_integer((json_int_t)p->flops));
  json_object_set_new(to, "bytes", json_integer((json_int_t)bench_problem_bytes(p)));
  json_object_set_new(to, "grouped_3x3", json_boolean(bench_problem_is_grouped_3x3(p)));
}

static void add_subject(const bench_suite *s, const bench_entry *e, json_t *to) {
  add_text(to, "kind", kind_name(e->kind));
  switch (e->kind) {
  case BENCH_COPY:
    add_text(to, "level", bench_level_name(e->level));
    return;
  case BENCH_FMA:
  case BENCH_CANARY:
    add_text(to, "format", cardinal_format_name(e->format));
    break;
  case BENCH_NET:
    add_text(to, "format", cardinal_format_name(e->format));
    add_text(to, "model", s->models[e->model].spec.name);
    json_object_set_new(to, "batch", json_integer((json_int_t)e->batch));
    json_object_set_new(to, "flops", json_integer((json_int_t)e->result.flops));
    break;
  default:
    add_text(to, "format", cardinal_format_name(e->format));
    add_problem(s, e, to);
  }
  if (e->kind != BENCH_NAIVE)
    add_text(to, "isa", cardinal_isa_name(e->isa));
  add_text(to, "kernel", e->result.kernel);
}

static json_t *rounded(double value, double step) {
  return json_real((double)(long long)(value / step + 0.5) * step);
}

static void add_rounds(const bench_entry *e, size_t repetition, double units_a_second, json_t *to) {
  const bench_result *r = &e->result;
  json_t *times = json_array(), *canaries = json_array(), *quiet = json_array();
  for (size_t i = repetition ? r->repetition_end[repetition - 1] : 0; i < r->repetition_end[repetition]; ++i) {
    const cardinal_round *round = &r->rounds.round[i];
    json_array_append_new(times, json_real(round->seconds / r->share * units_a_second));
    json_array_append_new(canaries, rounded(100 * round->canary / r->peaks.loops, 0.1));
    json_array_append_new(quiet, json_integer(cardinal_round_is_quiet(round, r->peaks.loops)));
  }
  json_object_set_new(to, "round_time", times);
  json_object_set_new(to, "round_canary_pct", canaries);
  json_object_set_new(to, "round_quiet", quiet);
}

char *bench_members(const bench_suite *s, const bench_entry *e, size_t repetition, double units_a_second) {
  json_t *members = json_object();
  add_subject(s, e, members);
  bool firm = false;
  if (bench_times_naive(s, e, &firm) > 0)
    json_object_set_new(members, "x_naive_firm", json_boolean(firm));
  if (e->result.copied)
    add_text(members, "measured_as", e->result.copied->name);
  else
    add_rounds(e, repetition, units_a_second, members);
  char *text = json_dumps(members, JSON_REAL_PRECISION(6));
  json_decref(members);
  if (!text)
    return NULL;
  const size_t length = strlen(text);
  memmove(text, text + 1, length - 2);
  text[length - 2] = '\0';
  return text;
}
