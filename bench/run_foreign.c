/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in's kernel: checked and timed in a child, which loads it there and hands its rounds back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/plugin.h>

#include "bench/runner.h"
#include "gauntlet/child.h"

enum {
  MOST_ROUNDS = 4096 /* that are handed back; no patience lasts so long */
};

/* How much longer than its patience a child may take: loading, checking, a slow kernel's least rounds. */
static const double grace = 60.0;

/* What the child leaves, in memory that both share. */
typedef struct handed_back {
  gauntlet_crash crash;
  bool done;
  char kernel[64], error[512];
  double flops;
  size_t rounds;
  cardinal_round round[MOST_ROUNDS];
} handed_back;

typedef struct child {
  bench_runner *runner;
  bench_entry *entry;
  handed_back *back;
} child;

/* A context that has this kernel before all others. */
static cardinal_context *open_context(const child *c, cardinal_plugin *only, const cardinal_plugin_kernel **kernel) {
  const gauntlet_source source = {.path = c->runner->suite->options->kernel};
  const cardinal_plugin *plugin = gauntlet_source_open(&source, c->back->error, sizeof c->back->error);
  if (!plugin)
    return NULL;
  if (c->entry->foreign >= plugin->kernel_count) {
    snprintf(c->back->error, sizeof c->back->error, "the plug-in has fewer kernels than before");
    return NULL;
  }
  *kernel = plugin->kernels[c->entry->foreign];
  *only = (cardinal_plugin){.abi = CARDINAL_PLUGIN_ABI,
                            .struct_size = sizeof *only,
                            .name = plugin->name,
                            .kernels = kernel,
                            .kernel_count = 1};
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = 1;
  desc.plugin = only;
  cardinal_context *context;
  cardinal_error error;
  if (!cardinal_context_create(&desc, &context, &error))
    return context;
  snprintf(c->back->error, sizeof c->back->error, "no context: %.400s", error.message);
  return NULL;
}

static void be_child(void *argument) {
  const child *c = argument;
  handed_back *back = c->back;
  const cardinal_plugin_kernel *kernel;
  cardinal_plugin only;
  const cardinal_context *context = open_context(c, &only, &kernel);
  if (!context)
    return;
  bench_entry own = *c->entry;
  own.result = (bench_result){.share = 1, .repetitions = c->entry->result.repetitions};
  bench_run_layer_on(c->runner, &own, bench_library_linked(), context);
  const bench_result *result = &own.result;
  back->done = result->done;
  back->flops = result->flops;
  snprintf(back->kernel, sizeof back->kernel, "%s", result->kernel);
  snprintf(back->error, sizeof back->error, "%s", result->error);
  back->rounds = result->rounds.count < MOST_ROUNDS ? result->rounds.count : MOST_ROUNDS;
  if (back->rounds)
    memcpy(back->round, result->rounds.round, back->rounds * sizeof *back->round);
  if (result->done && strcmp(result->kernel, kernel->name) != 0) {
    back->done = false;
    snprintf(back->error, sizeof back->error, "the kernel was passed over; %s ran", result->kernel);
  }
}

static void take(bench_result *result, const handed_back *back) {
  const size_t count = result->rounds.count + back->rounds;
  cardinal_round *rounds = realloc(result->rounds.round, (count ? count : 1) * sizeof *rounds);
  if (!rounds) {
    snprintf(result->error, sizeof result->error, "no memory for the rounds");
    return;
  }
  memcpy(rounds + result->rounds.count, back->round, back->rounds * sizeof *rounds);
  result->rounds.round = rounds;
  result->rounds.count = result->rounds.room = count;
  result->flops = back->flops;
  result->done = back->done;
  snprintf(result->kernel, sizeof result->kernel, "%s", back->kernel);
  snprintf(result->error, sizeof result->error, "%s", back->error);
}

void bench_run_foreign(bench_runner *r, bench_entry *e) {
  bench_result *result = &e->result;
  handed_back *back = gauntlet_shared(sizeof *back);
  if (!back) {
    snprintf(result->error, sizeof result->error, "no memory to share with a child");
    return;
  }
  child c = {.runner = r, .entry = e, .back = back};
  int status;
  const double seconds = bench_runner_patience(r, e).max_seconds + grace;
  const gauntlet_end end = gauntlet_child_run(be_child, &c, seconds, &back->crash, &status);
  if (end == GAUNTLET_ENDED_WELL)
    take(result, back);
  else
    gauntlet_end_describe(end, status, seconds, result->error, sizeof result->error);
  gauntlet_unshare(back, sizeof *back);
}

void bench_flag_impossible(const bench_runner *r, bench_entry *e) {
  const double tolerance = 1.05; /* of the peak itself */
  bench_result *result = &e->result;
  const bench_problem *p = &r->suite->problems[r->suite->layers[e->layer].problem];
  if (!result->done || !p->is_conv ||
      result->measured.gflops * bench_problem_executed(p) <= tolerance * result->measured.peak)
    return;
  snprintf(result->label, sizeof result->label, "%s, faster than the peak allows: is all of it computed in the run?",
           result->kernel);
}
