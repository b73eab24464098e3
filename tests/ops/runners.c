/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/ops/runners.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdbool.h>

static void serial(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  for (size_t i = 0; i < tasks; ++i)
    task(argument, i);
}

static void reversed(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  for (size_t i = tasks; i-- > 0;)
    task(argument, i);
}

/* Every second task from `first` on. */
typedef struct share {
  size_t first, tasks;
  cardinal_task task;
  void *argument;
} share;

static void *do_share(void *argument) {
  const share *s = argument;
  for (size_t i = s->first; i < s->tasks; i += 2)
    s->task(s->argument, i);
  return NULL;
}

static void two_threads(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  share even = {0, tasks, task, argument}, odd = {1, tasks, task, argument};
  pthread_t other;
  cr_assert_eq(pthread_create(&other, NULL, do_share, &odd), 0);
  do_share(&even);
  pthread_join(other, NULL);
}

/* The library's own ways have no function. */
static const struct {
  const char *name;
  cardinal_threading threading;
  cardinal_parallel_for parallel_for;
} ways[RUNNERS] = {
    [RUNNER_TEAM] = {"the team", CARDINAL_THREADING_TEAM, NULL},
    [RUNNER_SERIAL] = {"serial", CARDINAL_THREADING_CUSTOM, serial},
    [RUNNER_REVERSED] = {"reversed", CARDINAL_THREADING_CUSTOM, reversed},
    [RUNNER_TWO_THREADS] = {"two threads", CARDINAL_THREADING_CUSTOM, two_threads},
#ifdef _OPENMP
    [RUNNER_OPENMP] = {"OpenMP", CARDINAL_THREADING_OPENMP, NULL},
#endif
};

const char *runner_name(runner way) {
  return ways[way].name;
}

const cardinal_context *runner_context(cardinal_isa isa, uint32_t threads, runner way) {
  static cardinal_context *kept[CARDINAL_ISA_COUNT][8][RUNNERS];
  static bool missing[CARDINAL_ISA_COUNT];
  cardinal_context **context = &kept[isa][threads - 1][way];
  if (*context || missing[isa])
    return *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(isa);
  desc.threads = threads;
  desc.threading = ways[way].threading;
  desc.parallel_for = ways[way].parallel_for;
  cardinal_error error;
  const cardinal_status status = cardinal_context_create(&desc, context, &error);
  cr_assert(status == CARDINAL_OK || status == CARDINAL_UNSUPPORTED, "%s", error.message);
  missing[isa] = status == CARDINAL_UNSUPPORTED;
  return *context;
}
