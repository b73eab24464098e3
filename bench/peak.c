/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/peak.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "bench/loops.h"
#include "bench/products.h"
#include "ops/context.h"

static double read_clock(clockid_t id) {
  struct timespec now;
  clock_gettime(id, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cardinal_clock(void) {
  return read_clock(CLOCK_MONOTONIC);
}

double cardinal_cpu_clock(void) {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

bool cardinal_isa_runs_here(cardinal_isa isa) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(isa);
  cardinal_context *context = NULL;
  if (!desc.isa || cardinal_context_create(&desc, &context, NULL))
    return false;
  cardinal_context_destroy(context);
  return true;
}

cardinal_isa cardinal_widest_isa(void) {
  for (int widest = CARDINAL_ISA_COUNT - 1; widest > CARDINAL_ISA_GENERIC; --widest)
    if (cardinal_loops_of[widest].fma && cardinal_isa_runs_here((cardinal_isa)widest))
      return (cardinal_isa)widest;
  return CARDINAL_ISA_GENERIC;
}

cardinal_isa cardinal_loops_isa(cardinal_isa isa) {
  if (isa == CARDINAL_ISA_GENERIC && cardinal_isa_runs_here(CARDINAL_ISA_AVX2))
    return CARDINAL_ISA_AVX2;
  return cardinal_loops_of[isa].fma ? isa : cardinal_widest_isa();
}

static void fill(cardinal_canary_operands *o) {
  float *weights = (float *)(void *)o->weights, *inputs = (float *)(void *)o->inputs;
  for (size_t i = 0; i < CARDINAL_CANARY_WEIGHT_BYTES / sizeof(float); ++i)
    weights[i] = 1.0f;
  for (size_t i = 0; i < CARDINAL_CANARY_INPUT_BYTES / sizeof(float); ++i)
    inputs[i] = 1.0f;
}

typedef enum loop {
  LOOP_FMA,
  LOOP_CANARY
} loop;

/* Parts that wait for each other, then start. */
typedef struct gathering {
  const cardinal_yardstick *yardstick;
  void (*part)(void *user, size_t thread);
  void *user;
  atomic_uint arrived;
} gathering;

static void gathered_part(void *user, size_t thread) {
  const double patience = 0.002;
  gathering *g = user;
  const double give_up = cardinal_clock() + patience;
  atomic_fetch_add(&g->arrived, 1);
  while (atomic_load_explicit(&g->arrived, memory_order_relaxed) < g->yardstick->threads &&
         cardinal_clock() < give_up) {
  }
  cardinal_span *span = &g->yardstick->spans[thread];
  span->start = cardinal_clock();
  g->part(g->user, thread);
  span->end = cardinal_clock();
}

void cardinal_yardstick_together(const cardinal_yardstick *y, void (*part)(void *user, size_t thread), void *user) {
  gathering g = {.yardstick = y, .part = part, .user = user};
  atomic_init(&g.arrived, 0);
  for (unsigned i = 0; i < y->threads; ++i)
    y->spans[i] = (cardinal_span){0, 0};
  if (y->threads == 1 || !cardinal_context_hold_threads(y->context)) {
    gathered_part(&g, 0);
    return;
  }
  cardinal_context_run_tasks(y->context, y->threads, gathered_part, &g);
  cardinal_context_release_threads(y->context);
}

typedef struct loop_part {
  loop which;
  const cardinal_loops *code;
  const cardinal_product_loop *product;
  size_t iterations;
} loop_part;

static void run_loop(void *user, size_t thread) {
  const loop_part *p = user;
  (void)thread;
  if (p->which == LOOP_FMA) {
    (p->product ? p->product->function : p->code->fma)(p->iterations);
    return;
  }
  cardinal_canary_operands o;
  fill(&o);
  p->code->canary(&o, p->iterations);
}

/* All work in the time from the first start to the last end: were each thread timed alone, threads that take turns on
 * one core would look like as many cores. */
static double rate_of(const cardinal_yardstick *y, loop which, size_t iterations) {
  loop_part part = {which, &cardinal_loops_of[y->isa], y->product, iterations};
  const double peak_operations = y->product ? y->product->operations : part.code->fma_flops;
  cardinal_yardstick_together(y, run_loop, &part);
  double first = INFINITY, last = 0, flops = 0;
  for (unsigned i = 0; i < y->threads; ++i) {
    const cardinal_span *span = &y->spans[i];
    if (span->end == 0)
      continue;
    first = fmin(first, span->start);
    last = fmax(last, span->end);
    flops += (which == LOOP_FMA ? peak_operations : part.code->canary_flops) * (double)iterations;
  }
  return 1e-9 * flops / (last - first);
}

/* How many iterations take about 0.1 ms on one thread. */
static size_t iterations_for(const cardinal_yardstick *y, loop which, double flops) {
  cardinal_span span;
  const cardinal_yardstick alone = {.isa = y->isa, .product = y->product, .threads = 1, .spans = &span};
  double best = 0;
  for (int i = 0; i < 10; ++i)
    best = fmax(best, rate_of(&alone, which, 1000));
  return (size_t)(best * 1e9 / flops * 1e-4) + 1;
}

bool cardinal_yardstick_init(cardinal_yardstick *yardstick, cardinal_isa isa, const cardinal_context *context) {
  return cardinal_yardstick_init_format(yardstick, isa, CARDINAL_FORMAT_F32, context);
}

static uint64_t features_of(const cardinal_context *context) {
  cardinal_machine machine = {.struct_size = sizeof machine};
  if (context)
    return cardinal_context_features(context);
  return cardinal_machine_get(&machine, NULL) ? 0 : machine.features_enabled;
}

bool cardinal_yardstick_init_format(cardinal_yardstick *yardstick, cardinal_isa isa, cardinal_format format,
                                    const cardinal_context *context) {
  *yardstick = (cardinal_yardstick){.context = context, .threads = 1};
  if (!cardinal_isa_runs_here(isa))
    return false;
  if (context)
    yardstick->threads = cardinal_context_threads(context);
  yardstick->spans = calloc(yardstick->threads, sizeof *yardstick->spans);
  if (!yardstick->spans)
    return false;
  yardstick->isa = cardinal_loops_isa(isa);
  yardstick->product = cardinal_product_loop_of(yardstick->isa, format, features_of(context));
  const cardinal_loops *c = &cardinal_loops_of[yardstick->isa];
  yardstick->fma_iterations =
      iterations_for(yardstick, LOOP_FMA, yardstick->product ? yardstick->product->operations : c->fma_flops);
  yardstick->canary_iterations = iterations_for(yardstick, LOOP_CANARY, c->canary_flops);
  const double end = cardinal_clock() + 0.05;
  do
    cardinal_yardstick_fma(yardstick);
  while (cardinal_clock() < end || yardstick->best_count < CARDINAL_PEAK_SAMPLES);
  return true;
}

void cardinal_yardstick_free(cardinal_yardstick *yardstick) {
  free(yardstick->spans);
  yardstick->spans = NULL;
}

void cardinal_yardstick_count(cardinal_yardstick *y, double rate) {
  size_t place = y->best_count;
  ++y->sample_count;
  if (y->best_count < CARDINAL_PEAK_SAMPLES)
    ++y->best_count;
  else if (rate > y->best[place - 1])
    --place; /* the last one goes */
  else
    return;
  for (; place > 0 && y->best[place - 1] < rate; --place)
    y->best[place] = y->best[place - 1];
  y->best[place] = rate;
}

double cardinal_yardstick_peak(const cardinal_yardstick *y) {
  const size_t strays = y->sample_count / 100, last = y->best_count - 1;
  return y->best_count ? y->best[strays < last ? strays : last] : 0;
}

double cardinal_yardstick_fma(cardinal_yardstick *y) {
  const double rate = rate_of(y, LOOP_FMA, y->fma_iterations);
  cardinal_yardstick_count(y, rate);
  return rate;
}

double cardinal_yardstick_canary(const cardinal_yardstick *y) {
  return rate_of(y, LOOP_CANARY, y->canary_iterations);
}
