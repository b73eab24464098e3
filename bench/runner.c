/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/runner.h"

#include <stdio.h>
#include <stdlib.h>

bench_runner *bench_runner_create(bench_suite *suite) {
  bench_runner *r = bench_memory(sizeof *r);
  *r = (bench_runner){.suite = suite, .start = cardinal_clock(), .open_problem = suite->problem_count};
  return r;
}

void bench_runner_destroy(bench_runner *r) {
  for (size_t i = 0; i < r->threads_count; ++i) {
    cardinal_yardstick_free(&r->threads[i].yardstick);
    cardinal_context_destroy(r->threads[i].context);
  }
  free(r->logits);
  free(r);
}

void bench_result_fail(bench_result *result, const char *what, const cardinal_error *error) {
  snprintf(result->error, sizeof result->error, "%s: %.400s", what, error->message);
}

static bool open_threads(bench_threads *t, cardinal_isa isa, cardinal_format format, unsigned threads) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(isa);
  desc.threads = threads;
  *t = (bench_threads){.isa = isa, .format = format, .threads = threads};
  return !cardinal_context_create(&desc, &t->context, NULL) &&
         cardinal_yardstick_init_format(&t->yardstick, isa, format, t->context);
}

static bench_threads *threads_of(bench_runner *r, cardinal_isa isa, cardinal_format format, unsigned threads) {
  for (size_t i = 0; i < r->threads_count; ++i)
    if (r->threads[i].threads == threads && r->threads[i].isa == isa && r->threads[i].format == format)
      return &r->threads[i];
  bench_threads *made = &r->threads[r->threads_count];
  if (r->threads_count == BENCH_YARDSTICKS || !open_threads(made, isa, format, threads)) {
    fprintf(stderr, "cardinal_bench: the peak of %s with %u threads can't be measured\n", cardinal_isa_name(isa),
            threads);
    exit(EXIT_FAILURE);
  }
  ++r->threads_count;
  return made;
}

bench_threads *bench_runner_threads(bench_runner *r, cardinal_isa isa, unsigned threads) {
  return threads_of(r, isa, CARDINAL_FORMAT_F32, threads);
}

cardinal_yardstick *bench_runner_against(bench_runner *r, const bench_entry *e) {
  return &threads_of(r, e->against, e->format, e->threads)->yardstick;
}

static bool is_layer(const bench_entry *e) {
  return e->kind == BENCH_NAIVE || e->kind == BENCH_PLAIN || e->kind == BENCH_LAYER;
}

const bench_entry *bench_runner_alike(const bench_suite *s, const bench_entry *e) {
  const bench_entry *alike = is_layer(e) ? bench_suite_layer_entry(s, e->kind, e->layer, e->isa, e->threads) : NULL;
  return alike == e ? NULL : alike;
}

/* Shares of the time that is left: rounds of networks and of naive loops are long. */
static double weight_of(const bench_entry *e) {
  return e->kind == BENCH_NET ? 6 : e->kind == BENCH_NAIVE ? 3 : 1;
}

cardinal_patience bench_runner_patience(const bench_runner *r, const bench_entry *entry) {
  const bench_suite *s = r->suite;
  const bench_options *o = s->options;
  if (o->dry_run)
    return (cardinal_patience){.min_rounds = 1, .quiet_rounds = 1, .max_rounds = 1, .single = true};
  double seconds = o->seconds;
  if (o->budget > 0) {
    double left = weight_of(entry);
    for (const bench_entry *e = entry + 1; e < s->entries + s->entry_count; ++e)
      if (e->selected && !bench_runner_alike(s, e) &&
          (!is_layer(e) || bench_suite_first_alike(s, e->model, e->layer) == e->layer))
        left += weight_of(e);
    const double share = (o->budget - (cardinal_clock() - r->start)) * weight_of(entry) / left /
                         (double)(o->repetitions - entry->result.repetitions);
    seconds = share < seconds ? share : seconds;
  }
  return (cardinal_patience){
      .min_rounds = 3, .quiet_rounds = o->quiet_rounds, .max_rounds = 100000, .max_seconds = seconds};
}

bench_problem *bench_runner_problem(bench_runner *r, size_t layer) {
  bench_suite *s = r->suite;
  const size_t problem = s->layers[layer].problem;
  if (r->open_problem != problem && r->open_problem < s->problem_count)
    bench_problem_close(&s->problems[r->open_problem]);
  r->open_problem = problem;
  bench_problem_open(&s->problems[problem]);
  return &s->problems[problem];
}
