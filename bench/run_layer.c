/* SPDX-License-Identifier: BSD-3-Clause */
/* One layer by the library under test, or by a twin of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner.h"
#include "bench/tensor.h"

/* One set of everything that a run touches. Cold measurements go round many of them. */
typedef struct layer_copy {
  cardinal_plan *plan;
  void *x, *y;
} layer_copy;

typedef struct layer_subject {
  const bench_library *library;
  layer_copy *copies;
  size_t copy_count, next;
  bool adds; /* to what y holds, as the network does it: the residual is y */
  void *scratch;
  cardinal_error error;
} layer_subject;

static void layer_once(void *user, cardinal_stopwatch *watch) {
  (void)watch;
  layer_subject *l = user;
  const layer_copy *copy = &l->copies[l->next];
  if (++l->next == l->copy_count)
    l->next = 0;
  cardinal_error error;
  if (l->library->plan_run(copy->plan, copy->x, l->adds ? copy->y : NULL, copy->y, l->scratch, &error))
    l->error = error;
}

static bench_tensor x_tensor(const bench_problem *p) {
  return (bench_tensor){.layout = p->is_conv ? p->conv.x_layout : p->pool.x_layout,
                        .format = p->is_conv ? p->conv.x_format : p->pool.format,
                        .scale = p->is_conv ? p->conv.x_scale : p->pool.x_scale,
                        .images = p->images,
                        .channels = p->in_channels,
                        .pixels = p->in_height * p->in_width};
}

/* y, or a tensor like it whose steps are of another size. */
static bench_tensor y_tensor(const bench_problem *p, float scale) {
  return (bench_tensor){.layout = p->is_conv ? p->conv.y_layout : p->pool.y_layout,
                        .format = p->is_conv ? p->conv.y_format : p->pool.format,
                        .scale = scale,
                        .images = p->images,
                        .channels = p->out_channels,
                        .pixels = p->out_height * p->out_width};
}

static bool copy_open(layer_copy *copy, const bench_library *library, const cardinal_context *context,
                      const bench_problem *p, cardinal_error *error) {
  *copy = (layer_copy){.plan = NULL};
  const cardinal_status status = p->is_conv
                                     ? library->conv_create(context, &p->conv, p->weights, p->bias, &copy->plan, error)
                                     : library->pool_create(context, &p->pool, &copy->plan, error);
  if (status)
    return false;
  const bench_tensor x = x_tensor(p), y = y_tensor(p, 1.0f);
  copy->x = bench_memory(bench_tensor_bytes(&x));
  copy->y = bench_memory(bench_tensor_bytes(&y));
  memset(copy->y, 0, bench_tensor_bytes(&y)); /* runs may add to it */
  bench_tensor_write(&x, p->x, copy->x);
  return true;
}

static void copy_close(layer_copy *copy, const bench_library *library) {
  library->plan_destroy(copy->plan);
  free(copy->x);
  free(copy->y);
}

/* What a copy's y holds, as NCHW. */
static void copy_read(const layer_copy *copy, const bench_problem *p, float *y) {
  const bench_tensor tensor = y_tensor(p, p->is_conv ? p->conv.y_scale : p->pool.y_scale);
  bench_tensor_read(&tensor, copy->y, y);
}

/* Runs one copy on fresh contents of y and gives the output as NCHW and the time of the run. */
static bool copy_run(layer_subject *l, size_t index, const bench_problem *p, float *y, double *seconds,
                     cardinal_error *error) {
  const layer_copy *copy = &l->copies[index];
  if (p->residual) {
    const bench_tensor residual = y_tensor(p, p->conv.residual_scale);
    bench_tensor_write(&residual, p->residual, copy->y);
  }
  l->next = index;
  l->error.status = CARDINAL_OK;
  const double start = cardinal_clock();
  layer_once(l, NULL);
  *seconds = cardinal_clock() - start;
  if (l->error.status) {
    *error = l->error;
    return false;
  }
  copy_read(copy, p, y);
  return true;
}

/* The output after the timing: as the last run left it, or by a new run if it was added up or others ran last. */
static bool read_last(layer_subject *l, const bench_problem *p, float *y, cardinal_error *error) {
  double seconds;
  if (l->adds || l->copy_count > 1)
    return copy_run(l, l->copy_count - 1, p, y, &seconds, error);
  copy_read(&l->copies[0], p, y);
  return true;
}

/* Checks, measures, and sees that the output hasn't changed under the load. */
static void measure_layer(bench_runner *r, bench_entry *e, const bench_problem *p, layer_subject *l) {
  bench_result *result = &e->result;
  cardinal_error error;
  float *first = bench_memory(p->y_floats * sizeof *first);
  float *last = bench_memory(p->y_floats * sizeof *last);
  const cardinal_patience patience = bench_runner_patience(r, e);
  cardinal_yardstick *y = &bench_runner_threads(r, e->loops, e->threads)->yardstick;
  double once;
  if (!copy_run(l, 0, p, first, &once, &error))
    bench_result_fail(result, "the layer can't be run", &error);
  else if (bench_problem_check(p, first, result->error, sizeof result->error)) {
    const bool measured = cardinal_measure(y, layer_once, l, once, &patience, &result->rounds);
    result->flops = p->flops;
    if (!measured)
      snprintf(result->error, sizeof result->error, "no memory for the rounds");
    else if (l->error.status)
      bench_result_fail(result, "a run failed while it was timed", &l->error);
    else if (!read_last(l, p, last, &error))
      bench_result_fail(result, "the output can't be read after the layer was timed", &error);
    else if (memcmp(first, last, p->y_floats * sizeof *first) != 0)
      snprintf(result->error, sizeof result->error, "the output has other bits after the layer was timed");
    else
      result->done = true;
  }
  free(first);
  free(last);
}

/* How many copies go round so that each is out of the caches when its turn comes. */
static size_t copies_needed(const bench_runner *r, const bench_problem *p) {
  if (!r->suite->options->cold)
    return 1;
  const size_t *caches = r->suite->machine.cache_bytes;
  const size_t last_cache = caches[BENCH_L3] ? caches[BENCH_L3] : caches[BENCH_L2];
  return 2 * last_cache / (size_t)bench_problem_bytes(p) + 2;
}

void bench_run_layer_on(bench_runner *r, bench_entry *e, const bench_library *library,
                        const cardinal_context *context) {
  bench_result *result = &e->result;
  cardinal_error error;
  const bench_problem *p = bench_runner_problem(r, e->layer);
  layer_subject l = {.library = library, .copy_count = copies_needed(r, p), .adds = p->residual != NULL};
  l.copies = bench_memory(l.copy_count * sizeof *l.copies);
  size_t opened = 0;
  bool good = true;
  for (; opened < l.copy_count && good; ++opened)
    good = copy_open(&l.copies[opened], library, context, p, &error);
  if (!good)
    bench_result_fail(result, "no plan", &error);
  else {
    l.scratch = bench_memory(library->plan_scratch_bytes(l.copies[0].plan));
    snprintf(result->kernel, sizeof result->kernel, "%s", library->plan_kernel(l.copies[0].plan));
    measure_layer(r, e, p, &l);
  }
  for (size_t i = 0; i < opened; ++i)
    copy_close(&l.copies[i], library);
  free(l.copies);
  free(l.scratch);
}

/* The portable kernels of a twin, in a context of its own. */
static void run_plain(bench_runner *r, bench_entry *e) {
  bench_result *result = &e->result;
  const bench_library *library = bench_library_twin(e->isa, result->error, sizeof result->error);
  if (!library)
    return;
  cardinal_error error;
  cardinal_context *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(CARDINAL_ISA_GENERIC);
  desc.threads = e->threads;
  if (library->context_create(&desc, &context, &error)) {
    bench_result_fail(result, "no context", &error);
    return;
  }
  bench_run_layer_on(r, e, library, context);
  library->context_destroy(context);
}

void bench_run_layer(bench_runner *r, bench_entry *e) {
  if (e->kind == BENCH_PLAIN)
    run_plain(r, e);
  else
    bench_run_layer_on(r, e, bench_library_linked(), bench_runner_threads(r, e->isa, e->threads)->context);
}
