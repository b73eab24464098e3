/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/suite.h"

#include <stdio.h>
#include <stdlib.h>

void *bench_grow(void *items, size_t count, size_t item_bytes) {
  void *grown = realloc(items, (count + 1) * item_bytes);
  if (!grown) {
    fprintf(stderr, "cardinal_bench: no memory for %zu bytes\n", (count + 1) * item_bytes);
    exit(EXIT_FAILURE);
  }
  return grown;
}

void bench_suite_destroy(bench_suite *s) {
  for (size_t i = 0; i < s->problem_count; ++i)
    bench_problem_close(&s->problems[i]);
  for (size_t i = 0; i < s->entry_count; ++i)
    if (!s->entries[i].result.copied) {
      free(s->entries[i].result.rounds.round);
      free(s->entries[i].result.repetition_end);
    }
  free(s->plugin);
  free(s->models);
  free(s->layers);
  free(s->problems);
  free(s->entries);
}

size_t bench_suite_first_alike(const bench_suite *s, size_t model, size_t layer) {
  for (size_t i = s->models[model].first_layer; i < layer; ++i)
    if (s->layers[i].problem == s->layers[layer].problem)
      return i;
  return layer;
}

const bench_entry *bench_suite_layer_entry(const bench_suite *s, bench_kind kind, size_t layer, cardinal_isa isa,
                                           unsigned threads) {
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e)
    if (e->kind == kind && e->result.done &&
        (kind == BENCH_NAIVE
             ? bench_problem_alike(&s->problems[s->layers[e->layer].problem], &s->problems[s->layers[layer].problem])
             : s->layers[e->layer].problem == s->layers[layer].problem && e->isa == isa && e->threads == threads))
      return e;
  return NULL;
}

double bench_times_naive(const bench_suite *s, const bench_entry *e, bool *firm) {
  if (!e->result.done || (e->kind != BENCH_LAYER && e->kind != BENCH_PLAIN && e->kind != BENCH_FOREIGN))
    return 0;
  const bench_entry *naive = bench_suite_layer_entry(s, BENCH_NAIVE, e->layer, e->isa, 1);
  if (!naive)
    return 0;
  *firm = cardinal_measurement_is_firm(&naive->result.measured) && cardinal_measurement_is_firm(&e->result.measured);
  return naive->result.measured.seconds / e->result.measured.seconds;
}
