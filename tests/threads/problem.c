/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/threads/problem.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gauntlet/random.h"

enum {
  BATCH = 2,
  CHANNELS = 128,
  GROUPS = 8,
  SIZE = 8,
  FLOATS = BATCH * CHANNELS * SIZE * SIZE
};

static float x[FLOATS], expected[FLOATS], weights[CHANNELS * (CHANNELS / GROUPS) * 9];

cardinal_context *problem_context(cardinal_threading threading, uint32_t threads) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threading = threading;
  desc.threads = threads;
  cardinal_context *context = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

cardinal_plan *problem_plan(const cardinal_context *context) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.batch = BATCH;
  d.in_channels = d.out_channels = CHANNELS;
  d.groups = GROUPS;
  d.in_height = d.in_width = SIZE;
  d.kernel_height = d.kernel_width = 3;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = 1;
  cardinal_plan *plan = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_create(context, &d, weights, NULL, &plan, &error), CARDINAL_OK, "%s", error.message);
  return plan;
}

static bool run(const cardinal_plan *plan, float *y) {
  const size_t bytes = cardinal_plan_scratch_bytes(plan);
  void *scratch = bytes ? malloc(bytes) : NULL;
  const bool good = (scratch || !bytes) && cardinal_plan_run(plan, x, NULL, y, scratch, NULL) == CARDINAL_OK;
  free(scratch);
  return good;
}

bool problem_run_right(const cardinal_plan *plan) {
  float y[FLOATS];
  memset(y, 0xff, sizeof y);
  return run(plan, y) && memcmp(y, expected, sizeof y) == 0;
}

void problem_init(void) {
  gauntlet_random random = {.state = 9};
  for (size_t i = 0; i < FLOATS; ++i)
    x[i] = gauntlet_uniform(&random);
  for (size_t i = 0; i < sizeof weights / sizeof weights[0]; ++i)
    weights[i] = gauntlet_uniform(&random);
  cardinal_context *context = problem_context(CARDINAL_THREADING_SERIAL, 1);
  cardinal_plan *plan = problem_plan(context);
  cr_assert(run(plan, expected));
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

size_t thread_count(void) {
  DIR *directory = opendir("/proc/self/task");
  cr_assert(directory, "no /proc/self/task");
  size_t count = 0;
  for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

bool thread_count_settles(size_t wanted) {
  for (int tries = 0; tries < 30000; ++tries) {
    if (thread_count() == wanted)
      return true;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return false;
}
