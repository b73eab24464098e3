/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The naive kernel and its builds with ISA flags: kernels/generic/naive.c, compiled again under these names. */
typedef void naive_conv(const cardinal_reference_shape *shape, const float *x, const float *weights, const float *bias,
                        const float *residual, int relu, float *y);
naive_conv cardinal_naive_conv_avx2, cardinal_naive_conv_avx512;

enum {
  YARDSTICKS = 4 * CARDINAL_ISA_COUNT
};

struct bench_runner {
  bench_suite *suite;
  double start;
  cardinal_isa loops[CARDINAL_ISA_COUNT]; /* whose loops are the yardstick of each ISA */
  cardinal_yardstick yardsticks[YARDSTICKS];
  size_t yardstick_count;
  size_t open_problem; /* whose data are in memory; problem_count: none */
  /* Logits that the portable kernels give for the first and the last image of a batch. */
  size_t logits_model, logits_batch;
  float *logits;
};

bench_runner *bench_runner_create(bench_suite *suite) {
  bench_runner *r = bench_memory(sizeof *r);
  *r = (bench_runner){.suite = suite, .start = cardinal_clock(), .open_problem = suite->problem_count};
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    r->loops[isa] = cardinal_yardstick_isa((cardinal_isa)isa);
  return r;
}

void bench_runner_destroy(bench_runner *r) {
  free(r->logits);
  free(r);
}

static cardinal_yardstick *yardstick(bench_runner *r, cardinal_isa isa, unsigned threads) {
  cardinal_yardstick fresh;
  for (size_t i = 0; i < r->yardstick_count; ++i)
    if (r->yardsticks[i].threads == threads && r->yardsticks[i].isa == r->loops[isa])
      return &r->yardsticks[i];
  if (r->yardstick_count == YARDSTICKS || !cardinal_yardstick_init(&fresh, isa, threads))
    return NULL;
  r->yardsticks[r->yardstick_count] = fresh;
  return &r->yardsticks[r->yardstick_count++];
}

double bench_runner_peak(bench_runner *r, cardinal_isa isa, unsigned threads) {
  const cardinal_yardstick *y = yardstick(r, isa, threads);
  return y ? y->peak : 0;
}

static void fail(bench_result *result, const char *what, const cardinal_error *error) {
  snprintf(result->error, sizeof result->error, "%s: %.400s", what, error->message);
}

/* ---- how long ------------------------------------------------------------------------------------------------ */

static bool is_layer(const bench_entry *e) {
  return e->kind == BENCH_NAIVE || e->kind == BENCH_PLAIN || e->kind == BENCH_LAYER;
}

static const bench_result *result_alike(const bench_suite *s, const bench_entry *e) {
  return is_layer(e) ? bench_suite_layer_result(s, e->kind, e->layer, e->isa, e->threads) : NULL;
}

/* What is left of the budget is shared evenly between what is left to measure. */
static cardinal_patience patience(const bench_runner *r, const bench_entry *entry) {
  const bench_suite *s = r->suite;
  double seconds = s->options->seconds;
  if (s->options->budget > 0) {
    size_t left = 1;
    for (const bench_entry *e = entry + 1; e < s->entries + s->entry_count; ++e)
      left += e->selected && !result_alike(s, e) &&
              (!is_layer(e) || bench_suite_first_alike(s, e->model, e->layer) == e->layer);
    const double share = (s->options->budget - (cardinal_clock() - r->start)) / (double)left;
    seconds = share < seconds ? share : seconds;
  }
  return (cardinal_patience){
      .min_rounds = 3, .quiet_rounds = s->options->quiet_rounds, .max_rounds = 100000, .max_seconds = seconds};
}

/* ---- peaks --------------------------------------------------------------------------------------------------- */

/* One loop as its own subject: the time of a million operations on each thread. */
enum {
  MILLION = 1000000
};

typedef struct loop_subject {
  cardinal_yardstick *yardstick;
  bool fma; /* otherwise the canary */
} loop_subject;

static double loop_fma(void *user) {
  const loop_subject *l = user;
  cardinal_yardstick_fma(l->yardstick);
  return l->yardstick->peak;
}

static double loop_canary(void *user) {
  const loop_subject *l = user;
  return cardinal_yardstick_canary(l->yardstick);
}

static double loop_seconds(void *user) {
  const loop_subject *l = user;
  const double gflops = l->fma ? cardinal_yardstick_fma(l->yardstick) : cardinal_yardstick_canary(l->yardstick);
  return 1e-9 * MILLION * l->yardstick->threads / gflops;
}

static double loop_clock(void *user) {
  (void)user;
  return cardinal_clock();
}

static void run_loop(bench_runner *r, bench_entry *e, cardinal_yardstick *y) {
  loop_subject subject = {y, e->kind == BENCH_FMA};
  const cardinal_probes probes = {loop_fma, loop_canary, loop_seconds, loop_clock, &subject};
  const cardinal_patience p = patience(r, e);
  snprintf(e->result.kernel, sizeof e->result.kernel, "%s_%s", e->kind == BENCH_FMA ? "fma" : "canary",
           cardinal_isa_name(y->isa));
  e->result.done = cardinal_measure_rounds(&probes, &p, (double)MILLION * y->threads, &e->result.measured);
}

/* ---- copies -------------------------------------------------------------------------------------------------- */

typedef struct copy_subject {
  char **from, **to; /* one of each for a thread */
  size_t bytes, repeats;
  unsigned threads;
} copy_subject;

static void copy_thread(const copy_subject *c, unsigned thread) {
  for (size_t i = 0; i < c->repeats; ++i) {
    memcpy(c->to[thread], c->from[thread], c->bytes);
    __asm__ volatile("" : : "r"(c->to[thread]) : "memory"); /* every copy counts */
  }
}

static void copy_once(void *user) {
  const copy_subject *c = user;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)c->threads) schedule(static, 1)
#endif
  for (unsigned thread = 0; thread < c->threads; ++thread)
    copy_thread(c, thread);
}

/* Half of a cache, so that nothing else has to leave it; of the last level, which threads share, each gets its part. */
static size_t copy_bytes(const bench_machine *m, bench_level level, unsigned threads) {
  const size_t least_memory = (size_t)64 << 20;
  size_t bytes;
  if (level == BENCH_MEMORY) {
    bytes = 4 * m->cache_bytes[BENCH_L3];
    bytes = (bytes > least_memory ? bytes : least_memory) / threads;
  } else {
    bytes = m->cache_bytes[level] / 2 / (level == BENCH_L3 ? threads : 1);
  }
  return bytes / 2 / 64 * 64; /* read and written */
}

static void run_copy(bench_runner *r, bench_entry *e, cardinal_yardstick *y) {
  copy_subject c = {.bytes = copy_bytes(&r->suite->machine, e->level, e->threads), .threads = e->threads};
  const size_t enough = (size_t)1 << 20; /* to hide the start of the threads */
  c.repeats = enough / (c.bytes + 1) + 1;
  c.from = bench_memory(e->threads * sizeof *c.from);
  c.to = bench_memory(e->threads * sizeof *c.to);
  for (unsigned t = 0; t < e->threads; ++t) {
    c.from[t] = bench_memory(c.bytes);
    c.to[t] = bench_memory(c.bytes);
    memset(c.from[t], 1, c.bytes);
  }
  const cardinal_patience p = patience(r, e);
  const double start = cardinal_clock();
  copy_once(&c);
  e->result.done = cardinal_measure(y, copy_once, &c, cardinal_clock() - start, &p, 0, &e->result.measured);
  e->result.bytes = 2.0 * (double)c.bytes * (double)c.repeats * e->threads;
  snprintf(e->result.kernel, sizeof e->result.kernel, "memcpy");
  snprintf(e->result.label, sizeof e->result.label, "memcpy of %zu KiB a thread, reads and writes counted",
           c.bytes >> 10);
  for (unsigned t = 0; t < e->threads; ++t) {
    free(c.from[t]);
    free(c.to[t]);
  }
  free(c.from);
  free(c.to);
}

/* ---- layers -------------------------------------------------------------------------------------------------- */

/* Keeps the data of one problem in memory. */
static bench_problem *open_problem(bench_runner *r, size_t layer) {
  bench_suite *s = r->suite;
  const size_t problem = s->layers[layer].problem;
  if (r->open_problem != problem && r->open_problem < s->problem_count)
    bench_problem_close(&s->problems[r->open_problem]);
  r->open_problem = problem;
  bench_problem_open(&s->problems[problem]);
  return &s->problems[problem];
}

typedef struct naive_subject {
  naive_conv *conv;
  const bench_problem *problem;
  bench_band band;
} naive_subject;

static void naive_once(void *user) {
  naive_subject *n = user;
  n->conv(&n->band.shape, n->band.x, n->problem->weights, n->problem->bias, n->band.residual, n->problem->conv.has_relu,
          n->band.y);
}

static void run_naive(bench_runner *r, bench_entry *e, cardinal_yardstick *y) {
  const struct {
    naive_conv *conv;
    const char *flags;
  } builds[] = {
      {cardinal_naive_conv, "without ISA flags"},
#ifdef BENCH_TWIN_AVX2
      {cardinal_naive_conv_avx2, bench_twin_flags(CARDINAL_ISA_AVX2)},
#endif
#ifdef BENCH_TWIN_AVX512
      {cardinal_naive_conv_avx512, bench_twin_flags(CARDINAL_ISA_AVX512)},
#endif
  };
  const double band_flops = 3e7; /* some 20 ms */
  naive_subject n = {.problem = open_problem(r, e->layer)};
  bench_band_open(&n.band, n.problem, band_flops);
  const size_t rows = n.band.end - n.band.begin;
  const double share = (double)rows / (double)n.problem->out_height;
  const char *fastest = NULL;
  cardinal_patience p = patience(r, e);
  p.max_seconds = p.max_seconds < 0.5 ? p.max_seconds / 2 : 0.25; /* for each build; it is no close race */
  for (size_t b = 0; b < sizeof builds / sizeof builds[0] && !e->result.error[0]; ++b) {
    cardinal_measurement measured;
    if (!builds[b].flags) /* not for this CPU */
      continue;
    n.conv = builds[b].conv;
    memset(n.band.y, 0xff, n.problem->out_channels * rows * n.problem->out_width * sizeof(float));
    const double start = cardinal_clock();
    naive_once(&n);
    const double once = cardinal_clock() - start;
    if (!bench_band_check(&n.band, n.problem, e->result.error, sizeof e->result.error))
      continue;
    if (!cardinal_measure(y, naive_once, &n, once, &p, n.problem->flops * share, &measured))
      snprintf(e->result.error, sizeof e->result.error, "no memory for the rounds");
    else if (!fastest || measured.seconds < e->result.measured.seconds) {
      fastest = builds[b].flags;
      e->result.measured = measured;
    }
  }
  bench_band_close(&n.band);
  if (e->result.error[0])
    return;
  snprintf(e->result.kernel, sizeof e->result.kernel, "naive");
  snprintf(e->result.label, sizeof e->result.label, "naive, %s", fastest);
  if (rows < n.problem->out_height) {
    const size_t used = strlen(e->result.label);
    snprintf(e->result.label + used, sizeof e->result.label - used, ", scaled up from %zu of %zu rows", rows,
             n.problem->out_height);
    e->result.measured.seconds /= share;
  }
  e->result.done = true;
}

/* One set of everything that a run touches. Cold measurements go round many of them. */
typedef struct layer_copy {
  cardinal_plan *plan;
  float *x, *y;
} layer_copy;

typedef struct layer_subject {
  const bench_library *library;
  layer_copy *copies;
  size_t copy_count, next;
  bool adds; /* to what y holds, as the network does it: the residual is y */
  void *scratch;
  cardinal_error error;
} layer_subject;

static void layer_once(void *user) {
  layer_subject *l = user;
  const layer_copy *copy = &l->copies[l->next];
  if (++l->next == l->copy_count)
    l->next = 0;
  cardinal_error error;
  if (l->library->plan_run(copy->plan, copy->x, l->adds ? copy->y : NULL, copy->y, l->scratch, &error))
    l->error = error;
}

static bool copy_open(layer_copy *copy, const bench_library *library, const cardinal_context *context,
                      const bench_problem *p, cardinal_error *error) {
  const cardinal_layout layout = p->is_conv ? p->conv.x_layout : p->pool.x_layout;
  const cardinal_layout y_layout = p->is_conv ? p->conv.y_layout : p->pool.y_layout;
  *copy = (layer_copy){.plan = NULL};
  const cardinal_status status = p->is_conv
                                     ? library->conv_create(context, &p->conv, p->weights, p->bias, &copy->plan, error)
                                     : library->pool_create(context, &p->pool, &copy->plan, error);
  size_t x_floats, y_floats;
  if (status ||
      cardinal_tensor_floats(layout, 1, (int64_t)p->in_channels, (int64_t)p->in_height, (int64_t)p->in_width,
                             &x_floats) ||
      cardinal_tensor_floats(y_layout, 1, (int64_t)p->out_channels, (int64_t)p->out_height, (int64_t)p->out_width,
                             &y_floats))
    return false;
  copy->x = bench_memory(x_floats * sizeof(float));
  copy->y = bench_memory(y_floats * sizeof(float));
  memset(copy->y, 0, y_floats * sizeof(float)); /* runs may add to it */
  return !cardinal_tensor_convert(CARDINAL_LAYOUT_NCHW, p->x, layout, copy->x, 1, (int64_t)p->in_channels,
                                  (int64_t)p->in_height, (int64_t)p->in_width, error);
}

static void copy_close(layer_copy *copy, const bench_library *library) {
  library->plan_destroy(copy->plan);
  free(copy->x);
  free(copy->y);
}

/* What a copy's y holds, as NCHW. */
static bool copy_read(const layer_copy *copy, const bench_problem *p, float *y, cardinal_error *error) {
  const cardinal_layout layout = p->is_conv ? p->conv.y_layout : p->pool.y_layout;
  return !cardinal_tensor_convert(layout, copy->y, CARDINAL_LAYOUT_NCHW, y, 1, (int64_t)p->out_channels,
                                  (int64_t)p->out_height, (int64_t)p->out_width, error);
}

/* Runs one copy on fresh contents of y and gives the output as NCHW and the time of the run. */
static bool copy_run(layer_subject *l, size_t index, const bench_problem *p, float *y, double *seconds,
                     cardinal_error *error) {
  const layer_copy *copy = &l->copies[index];
  if (p->residual &&
      cardinal_tensor_convert(CARDINAL_LAYOUT_NCHW, p->residual, p->conv.y_layout, copy->y, 1, (int64_t)p->out_channels,
                              (int64_t)p->out_height, (int64_t)p->out_width, error))
    return false;
  l->next = index;
  l->error.status = CARDINAL_OK;
  const double start = cardinal_clock();
  layer_once(l);
  *seconds = cardinal_clock() - start;
  if (l->error.status) {
    *error = l->error;
    return false;
  }
  return copy_read(copy, p, y, error);
}

/* The output after the timing: as the last run left it, or by a new run if it was added up or others ran last. */
static bool read_last(layer_subject *l, const bench_problem *p, float *y, cardinal_error *error) {
  double seconds;
  return l->adds || l->copy_count > 1 ? copy_run(l, l->copy_count - 1, p, y, &seconds, error)
                                      : copy_read(&l->copies[0], p, y, error);
}

/* Checks, measures, and sees that the output hasn't changed under the load. */
static void measure_layer(bench_runner *r, bench_entry *e, cardinal_yardstick *y, const bench_problem *p,
                          layer_subject *l) {
  bench_result *result = &e->result;
  cardinal_error error;
  float *first = bench_memory(p->y_floats * sizeof *first);
  float *last = bench_memory(p->y_floats * sizeof *last);
  const cardinal_patience pa = patience(r, e);
  double once;
  if (!copy_run(l, 0, p, first, &once, &error))
    fail(result, "the layer can't be run", &error);
  else if (bench_problem_check(p, first, result->error, sizeof result->error)) {
    const bool measured = cardinal_measure(y, layer_once, l, once, &pa, p->flops, &result->measured);
    if (!measured)
      snprintf(result->error, sizeof result->error, "no memory for the rounds");
    else if (l->error.status)
      fail(result, "a run failed while it was timed", &l->error);
    else if (!read_last(l, p, last, &error))
      fail(result, "the output can't be read after the layer was timed", &error);
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
  size_t weights = 0;
  if (p->is_conv)
    weights =
        p->out_channels * (size_t)(p->conv.in_channels / p->conv.groups * p->conv.kernel_height * p->conv.kernel_width);
  return 2 * last_cache / ((p->x_floats + p->y_floats + weights) * sizeof(float)) + 2;
}

static void run_layer(bench_runner *r, bench_entry *e, cardinal_yardstick *y) {
  bench_result *result = &e->result;
  cardinal_error error;
  const bench_library *library =
      e->kind == BENCH_PLAIN ? bench_library_twin(e->isa, result->error, sizeof result->error) : bench_library_linked();
  if (!library)
    return;
  cardinal_context *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(e->kind == BENCH_PLAIN ? CARDINAL_ISA_GENERIC : e->isa);
  desc.threads = e->threads;
  if (library->context_create(&desc, &context, &error)) {
    fail(result, "no context", &error);
    return;
  }
  const bench_problem *p = open_problem(r, e->layer);
  layer_subject l = {.library = library, .copy_count = copies_needed(r, p), .adds = p->residual != NULL};
  l.copies = bench_memory(l.copy_count * sizeof *l.copies);
  size_t opened = 0;
  bool good = true;
  for (; opened < l.copy_count && good; ++opened)
    good = copy_open(&l.copies[opened], library, context, p, &error);
  if (!good)
    fail(result, "no plan", &error);
  else {
    l.scratch = bench_memory(library->plan_scratch_bytes(l.copies[0].plan));
    snprintf(result->kernel, sizeof result->kernel, "%s", library->plan_kernel(l.copies[0].plan));
    measure_layer(r, e, y, p, &l);
  }
  for (size_t i = 0; i < opened; ++i)
    copy_close(&l.copies[i], library);
  free(l.copies);
  free(l.scratch);
  library->context_destroy(context);
}

/* ---- networks ------------------------------------------------------------------------------------------------ */

enum {
  SEED = 1
};

typedef struct net_subject {
  const bench_library *library;
  cardinal_context *context;
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

static bool net_open(net_subject *n, const bench_library *library, const cardinal_net_spec *spec, cardinal_isa isa,
                     unsigned threads, size_t batch) {
  *n = (net_subject){.library = library, .classes = spec->classes, .batch = batch};
  cardinal_context_desc context;
  cardinal_context_desc_init(&context);
  context.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  context.isa = cardinal_isa_name(isa);
  context.threads = threads;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)batch;
  if (library->context_create(&context, &n->context, &n->error) ||
      library->weights_synthetic(spec, SEED, &n->weights, &n->error) ||
      library->net_create(n->context, spec, n->weights, &desc, &n->net, &n->error))
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
  if (n->context)
    n->library->context_destroy(n->context);
}

static void net_once(void *user) {
  net_subject *n = user;
  cardinal_error error;
  if (n->library->net_run(n->net, n->images, NULL, n->logits, n->arena, &error))
    n->error = error;
}

/* The logits of one image of the batch by the portable kernels: those of a twin if there is one, since they are fast
 * and share no machine code with what is measured. */
static bool portable_logits(bench_runner *r, const cardinal_net_spec *spec, size_t image, float *logits,
                            cardinal_error *error) {
  const bench_library *library = bench_library_linked();
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (bench_twin_flags((cardinal_isa)isa)) {
      library = bench_library_twin((cardinal_isa)isa, error->message, sizeof error->message);
      if (!library)
        return false;
      break;
    }
  net_subject n;
  bool good = net_open(&n, library, spec, CARDINAL_ISA_GENERIC, r->suite->all_threads, 1);
  if (good) {
    float *images = bench_memory((image + 1) * image_floats() * sizeof *images);
    cardinal_synthetic_input(SEED, images, (image + 1) * image_floats());
    memcpy(n.images, images + image * image_floats(), image_floats() * sizeof *images);
    free(images);
    net_once(&n);
    good = n.error.status == CARDINAL_OK;
    memcpy(logits, n.logits, n.classes * sizeof *logits);
  }
  *error = n.error;
  net_close(&n);
  return good;
}

/* Keeps the expected logits of the first and the last image for the next entries of the same network. */
static bool expect_logits(bench_runner *r, const bench_entry *e, cardinal_error *error) {
  const cardinal_net_spec *spec = &r->suite->models[e->model].spec;
  if (r->logits && r->logits_model == e->model && r->logits_batch == e->batch)
    return true;
  free(r->logits);
  r->logits = bench_memory(2 * spec->classes * sizeof *r->logits);
  r->logits_model = e->model;
  r->logits_batch = e->batch;
  if (portable_logits(r, spec, 0, r->logits, error) &&
      portable_logits(r, spec, e->batch - 1, r->logits + spec->classes, error))
    return true;
  free(r->logits);
  r->logits = NULL;
  return false;
}

static bool check_logits(const bench_runner *r, const net_subject *n, char *error, size_t size) {
  for (size_t which = 0; which < 2; ++which) {
    const size_t image = which == 0 ? 0 : n->batch - 1;
    for (size_t i = 0; i < n->classes; ++i) {
      const float value = n->logits[image * n->classes + i], expected = r->logits[which * n->classes + i];
      if (memcmp(&value, &expected, sizeof value) == 0)
        continue;
      snprintf(error, size, "wrong logit %zu of image %zu: %.9g, the portable kernels give %.9g", i, image,
               (double)value, (double)expected);
      return false;
    }
  }
  return true;
}

static void run_net(bench_runner *r, bench_entry *e, cardinal_yardstick *y) {
  bench_result *result = &e->result;
  const cardinal_net_spec *spec = &r->suite->models[e->model].spec;
  cardinal_error error = {.status = CARDINAL_OK};
  uint64_t parameters, multiply_adds;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  net_subject n = {.net = NULL};
  if (cardinal_net_count(spec, desc.image_height, desc.image_width, &parameters, &multiply_adds, &error) ||
      !expect_logits(r, e, &error)) {
    fail(result, "no expected output", &error);
    return;
  }
  const double flops = 2.0 * (double)multiply_adds * (double)e->batch;
  if (!net_open(&n, bench_library_linked(), spec, e->isa, e->threads, e->batch))
    fail(result, "no network", &n.error);
  else {
    const double start = cardinal_clock();
    net_once(&n);
    const double once = cardinal_clock() - start;
    const cardinal_patience p = patience(r, e);
    if (n.error.status)
      fail(result, "the network can't be run", &n.error);
    else if (check_logits(r, &n, result->error, sizeof result->error)) {
      const bool measured = cardinal_measure(y, net_once, &n, once, &p, flops, &result->measured);
      if (!measured)
        snprintf(result->error, sizeof result->error, "no memory for the rounds");
      else if (n.error.status)
        fail(result, "a run failed while it was timed", &n.error);
      else
        result->done = check_logits(r, &n, result->error, sizeof result->error);
    }
  }
  net_close(&n);
  snprintf(result->kernel, sizeof result->kernel, "%s", cardinal_isa_name(e->isa));
  snprintf(result->label, sizeof result->label, "kernels up to %s, %.2f GFLOP an image", cardinal_isa_name(e->isa),
           2e-9 * (double)multiply_adds);
}

/* -------------------------------------------------------------------------------------------------------------- */

void bench_run(bench_runner *r, bench_entry *e) {
  const bench_suite *s = r->suite;
  const bench_result *alike = result_alike(s, e);
  e->result = (bench_result){.done = false};
  if (alike && alike != &e->result) {
    e->result = *alike;
    const char *first = s->layers[bench_suite_first_alike(s, e->model, e->layer)].name;
    snprintf(e->result.label, sizeof e->result.label, "%.100s, measured as %s",
             alike->label[0] ? alike->label : alike->kernel, first);
    return;
  }
  /* Copies use no FMA, plain C is held against the widest loop: generic's yardstick. */
  const bool own = e->kind == BENCH_FMA || e->kind == BENCH_CANARY || e->kind == BENCH_LAYER || e->kind == BENCH_NET;
  cardinal_yardstick *y = yardstick(r, own ? e->isa : CARDINAL_ISA_GENERIC, e->threads);
  if (!y) {
    snprintf(e->result.error, sizeof e->result.error, "the peak of %s can't be measured", cardinal_isa_name(e->isa));
    return;
  }
  switch (e->kind) {
  case BENCH_FMA:
  case BENCH_CANARY:
    run_loop(r, e, y);
    break;
  case BENCH_COPY:
    run_copy(r, e, y);
    break;
  case BENCH_NAIVE:
    run_naive(r, e, y);
    break;
  case BENCH_PLAIN:
  case BENCH_LAYER:
    run_layer(r, e, y);
    break;
  case BENCH_NET:
    run_net(r, e, y);
    break;
  }
  if (!e->result.label[0])
    snprintf(e->result.label, sizeof e->result.label, "%s", e->result.kernel);
}
