/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine could do: its loops and its copies as benchmarks of their own. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/products.h"
#include "bench/runner.h"

/* One loop as its own subject: the time of a million operations on each thread. */
enum {
  MILLION = 1000000
};

typedef struct loop_subject {
  cardinal_yardstick *yardstick; /* whose peak, or else canary, is the subject */
  cardinal_yardstick *loops;     /* what tells whether a round was quiet */
  bool peak;
} loop_subject;

static double loop_fma(void *user) {
  const loop_subject *l = user;
  cardinal_yardstick_fma(l->loops);
  return cardinal_yardstick_peak(l->loops);
}

static double loop_canary(void *user) {
  const loop_subject *l = user;
  return cardinal_yardstick_canary(l->loops);
}

static size_t loop_run(void *user, cardinal_round *round, double canaries[CARDINAL_INNER_CANARIES]) {
  const loop_subject *l = user;
  (void)canaries;
  const double cpu_start = cardinal_cpu_clock(), start = cardinal_clock();
  const double gflops = l->peak ? cardinal_yardstick_fma(l->yardstick) : cardinal_yardstick_canary(l->yardstick);
  const double seconds = cardinal_clock() - start;
  *round = (cardinal_round){.seconds = 1e-9 * MILLION * l->yardstick->threads / gflops, .on_cpu = 1, .runs = 1};
  round->cpu_seconds = (cardinal_cpu_clock() - cpu_start) / seconds * round->seconds;
  return 0;
}

static double loop_clock(void *user) {
  (void)user;
  return cardinal_clock();
}

void bench_run_loop(bench_runner *r, bench_entry *e) {
  cardinal_yardstick *loops = &bench_runner_threads(r, e->loops, e->threads)->yardstick;
  const bool peak = e->kind == BENCH_FMA;
  loop_subject subject = {peak ? bench_runner_against(r, e) : loops, loops, peak};
  const cardinal_probes probes = {loop_fma, loop_canary, loop_run, loop_clock, &subject};
  const cardinal_patience p = bench_runner_patience(r, e);
  bench_result *result = &e->result;
  if (peak && subject.yardstick->product)
    snprintf(result->kernel, sizeof result->kernel, "%s", subject.yardstick->product->name);
  else
    snprintf(result->kernel, sizeof result->kernel, "%s_%s", peak ? "fma" : "canary",
             cardinal_isa_name(subject.yardstick->isa));
  result->flops = (double)MILLION * e->threads;
  result->done = cardinal_measure_rounds(&probes, &p, &result->rounds);
}

/* ---- copies -------------------------------------------------------------------------------------------------- */

typedef struct copy_subject {
  const cardinal_yardstick *yardstick;
  char **from, **to;     /* one of each for a thread */
  size_t bytes, repeats; /* repeats in all */
  atomic_size_t next;
} copy_subject;

/* Repeats are claimed, so that all are made, whichever threads come. */
static void copy_part(void *user, size_t thread) {
  copy_subject *c = user;
  while (atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed) < c->repeats) {
    memcpy(c->to[thread], c->from[thread], c->bytes);
    __asm__ volatile("" : : "r"(c->to[thread]) : "memory"); /* every copy counts */
  }
}

static void copy_once(void *user, cardinal_stopwatch *watch) {
  copy_subject *c = user;
  (void)watch;
  atomic_store_explicit(&c->next, 0, memory_order_relaxed);
  cardinal_yardstick_together(c->yardstick, copy_part, c);
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

void bench_run_copy(bench_runner *r, bench_entry *e) {
  bench_result *result = &e->result;
  cardinal_yardstick *y = &bench_runner_threads(r, e->loops, e->threads)->yardstick;
  copy_subject c = {.bytes = copy_bytes(&r->suite->machine, e->level, e->threads), .yardstick = y};
  const size_t enough = (size_t)1 << 20; /* for each thread, to hide their start */
  c.repeats = (enough / (c.bytes + 1) + 1) * e->threads;
  c.from = bench_memory(e->threads * sizeof *c.from);
  c.to = bench_memory(e->threads * sizeof *c.to);
  for (unsigned t = 0; t < e->threads; ++t) {
    c.from[t] = bench_memory(c.bytes);
    c.to[t] = bench_memory(c.bytes);
    memset(c.from[t], 1, c.bytes);
  }
  const cardinal_patience p = bench_runner_patience(r, e);
  const double start = cardinal_clock();
  copy_once(&c, NULL);
  result->done = cardinal_measure(y, copy_once, &c, cardinal_clock() - start, &p, &result->rounds);
  result->bytes = 2.0 * (double)c.bytes * (double)c.repeats;
  snprintf(result->kernel, sizeof result->kernel, "memcpy");
  snprintf(result->label, sizeof result->label, "memcpy of %zu KiB a thread, reads and writes counted", c.bytes >> 10);
  for (unsigned t = 0; t < e->threads; ++t) {
    free(c.from[t]);
    free(c.to[t]);
  }
  free(c.from);
  free(c.to);
}
