/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole networks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner.h"

enum {
  SEED = 1
};

typedef struct net_subject {
  const bench_library *library;
  cardinal_weights *weights;
  cardinal_net *net;
  float *images, *logits;
  void *arena;
  size_t classes, batch;
  cardinal_error error;
} net_subject;

static size_t image_floats(void) {
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  return 3 * (size_t)(desc.image_height * desc.image_width);
}

static bool net_open(net_subject *n, const bench_library *library, const cardinal_context *context,
                     const bench_model *model, size_t batch) {
  const cardinal_net_spec *spec = &model->spec;
  *n = (net_subject){.library = library, .classes = spec->classes, .batch = batch};
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.precision = model->precision;
  desc.batch = (int64_t)batch;
  if (library->weights_synthetic(spec, SEED, &n->weights, &n->error) ||
      library->net_create(context, spec, n->weights, &desc, &n->net, &n->error))
    return false;
  n->images = bench_memory(batch * image_floats() * sizeof(float));
  cardinal_synthetic_input(SEED, n->images, batch * image_floats());
  n->logits = bench_memory(batch * n->classes * sizeof(float));
  n->arena = bench_memory(library->net_arena_bytes(n->net));
  return true;
}

static void net_close(net_subject *n) {
  free(n->images);
  free(n->logits);
  free(n->arena);
  if (n->net)
    n->library->net_destroy(n->net);
  if (n->weights)
    n->library->weights_destroy(n->weights);
}

static void net_once(net_subject *n) {
  cardinal_error error;
  if (n->library->net_run(n->net, n->images, NULL, n->logits, n->arena, &error))
    n->error = error;
}

static void before_layer(void *user, size_t layer) {
  (void)layer;
  cardinal_stopwatch_check(user);
}

static void after_layer(void *user, size_t layer) {
  (void)user;
  (void)layer;
}

/* A run with canaries between its layers. */
static void net_timed(void *user, cardinal_stopwatch *watch) {
  net_subject *n = user;
  cardinal_error error;
  if (cardinal_net_run_profiled(n->net, n->images, NULL, n->logits, n->arena, before_layer, after_layer, watch, &error))
    n->error = error;
}

/* Kernels that tell what the logits are. */
typedef struct witness {
  const bench_library *library;
  cardinal_isa isa; /* generic: the portable kernels */
} witness;

/* The portable kernels, in a twin if there is one, since twins are fast and share no machine code with what is
 * measured. Of bf16 and int8 they are slow all the same: those of AVX2 witness for AVX-512. */
static witness witness_of(const bench_runner *r, const bench_entry *e, cardinal_error *error) {
  if (e->format != CARDINAL_FORMAT_F32 && e->isa == CARDINAL_ISA_AVX512 && r->suite->usable[CARDINAL_ISA_AVX2])
    return (witness){bench_library_linked(), CARDINAL_ISA_AVX2};
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (bench_twin_flags((cardinal_isa)isa))
      return (witness){bench_library_twin((cardinal_isa)isa, error->message, sizeof error->message),
                       CARDINAL_ISA_GENERIC};
  return (witness){bench_library_linked(), CARDINAL_ISA_GENERIC};
}

/* The logits of a whole batch by other kernels, kept for the next entries of the same network. */
static bool expect_logits(bench_runner *r, const bench_entry *e, cardinal_error *error) {
  const bench_model *model = &r->suite->models[e->model];
  const witness by = witness_of(r, e, error);
  const bench_library *library = by.library;
  if (!library)
    return false;
  if (r->logits && r->logits_model == e->model && r->logits_batch == e->batch && r->logits_isa == by.isa)
    return true;
  free(r->logits);
  r->logits = NULL;
  cardinal_context *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(by.isa);
  desc.threads = r->suite->all_threads;
  if (library->context_create(&desc, &context, error))
    return false;
  net_subject n;
  if (net_open(&n, library, context, model, e->batch))
    net_once(&n);
  if (n.error.status == CARDINAL_OK) {
    r->logits = n.logits;
    r->logits_model = e->model;
    r->logits_batch = e->batch;
    r->logits_isa = by.isa;
    n.logits = NULL;
  }
  *error = n.error;
  net_close(&n);
  library->context_destroy(context);
  return r->logits != NULL;
}

static bool check_logits(const bench_runner *r, const net_subject *n, char *error, size_t size) {
  for (size_t i = 0; i < n->batch * n->classes; ++i) {
    if (memcmp(&n->logits[i], &r->logits[i], sizeof n->logits[i]) == 0)
      continue;
    snprintf(error, size, "wrong logit %zu of image %zu: %.9g, other kernels give %.9g", i % n->classes, i / n->classes,
             (double)n->logits[i], (double)r->logits[i]);
    return false;
  }
  return true;
}

/* Checks, measures, and sees that the logits are still right after the last run. */
static void measure_net(bench_runner *r, bench_entry *e, net_subject *n) {
  bench_result *result = &e->result;
  const cardinal_patience p = bench_runner_patience(r, e);
  const double start = cardinal_clock();
  net_once(n);
  const double once = cardinal_clock() - start;
  if (n->error.status) {
    bench_result_fail(result, "the network can't be run", &n->error);
    return;
  }
  if (!check_logits(r, n, result->error, sizeof result->error))
    return;
  cardinal_yardstick *y = &bench_runner_threads(r, e->loops, e->threads)->yardstick;
  if (!cardinal_measure(y, net_timed, n, once, &p, &result->rounds))
    snprintf(result->error, sizeof result->error, "no memory for the rounds");
  else if (n->error.status)
    bench_result_fail(result, "a run failed while it was timed", &n->error);
  else
    result->done = check_logits(r, n, result->error, sizeof result->error);
}

void bench_run_net(bench_runner *r, bench_entry *e) {
  bench_result *result = &e->result;
  const cardinal_net_spec *spec = &r->suite->models[e->model].spec;
  cardinal_error error = {.status = CARDINAL_OK};
  uint64_t parameters, multiply_adds;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  if (cardinal_net_count(spec, desc.image_height, desc.image_width, &parameters, &multiply_adds, &error) ||
      !expect_logits(r, e, &error)) {
    bench_result_fail(result, "no expected output", &error);
    return;
  }
  result->flops = 2.0 * (double)multiply_adds * (double)e->batch;
  snprintf(result->kernel, sizeof result->kernel, "%s", cardinal_isa_name(e->isa));
  snprintf(result->label, sizeof result->label, "kernels up to %s, %.2f GFLOP an image", cardinal_isa_name(e->isa),
           2e-9 * (double)multiply_adds);
  net_subject n;
  const cardinal_context *context = bench_runner_threads(r, e->isa, e->threads)->context;
  if (net_open(&n, bench_library_linked(), context, &r->suite->models[e->model], e->batch))
    measure_net(r, e, &n);
  else
    bench_result_fail(result, "no network", &n.error);
  net_close(&n);
}
