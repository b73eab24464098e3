/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs of one plan from four threads at once, on the library's own team and with each run cut over two threads more,
 * for the thread sanitizer; a program of its own because Criterion doesn't start under it. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cardinal/cardinal.h>

#include "gauntlet/random.h"

enum {
  REPEATS = 5,
  USERS = 4
};

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
  if (pthread_create(&other, NULL, do_share, &odd) != 0)
    abort();
  do_share(&even);
  pthread_join(other, NULL);
}

/* What the runs share, and what the first of them gave. */
typedef struct problem {
  const cardinal_plan *plan;
  const float *x, *residual, *expected;
  size_t y_floats;
} problem;

/* Returns itself if a run differs. */
static void *run_repeatedly(void *argument) {
  problem *p = argument;
  float *y = malloc(p->y_floats * sizeof(float));
  void *scratch = malloc(cardinal_plan_scratch_bytes(p->plan));
  bool right = true;
  for (int i = 0; i < REPEATS; ++i) {
    if (i % 2)
      nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL); /* so that the team falls asleep now and then */
    memcpy(y, p->residual, p->y_floats * sizeof(float));
    right = right && cardinal_plan_run(p->plan, p->x, y, y, scratch, NULL) == CARDINAL_OK &&
            memcmp(y, p->expected, p->y_floats * sizeof(float)) == 0;
  }
  free(y);
  free(scratch);
  return right ? NULL : argument;
}

static float *random_floats(size_t count, gauntlet_random *random) {
  float *values = malloc(count * sizeof(float));
  for (size_t i = 0; i < count; ++i)
    values[i] = gauntlet_uniform(random);
  return values;
}

static bool run_shape(const cardinal_context *context, const cardinal_conv_desc *d, const char **kernel) {
  gauntlet_random random = {.state = 3};
  int64_t height, width;
  size_t x_floats, y_floats;
  if (cardinal_conv_output_size(d, &height, &width, NULL) ||
      cardinal_tensor_floats(d->x_layout, d->batch, d->in_channels, d->in_height, d->in_width, &x_floats) ||
      cardinal_tensor_floats(d->y_layout, d->batch, d->out_channels, height, width, &y_floats))
    return false;
  float *weights = random_floats(
      (size_t)(d->out_channels * (d->in_channels / d->groups) * d->kernel_height * d->kernel_width), &random);
  float *x = random_floats(x_floats, &random), *residual = random_floats(y_floats, &random);
  float *expected = malloc(y_floats * sizeof(float));
  cardinal_plan *plan;
  bool right = cardinal_conv_create(context, d, weights, NULL, &plan, NULL) == CARDINAL_OK;
  if (right) {
    void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
    right = cardinal_plan_run(plan, x, residual, expected, scratch, NULL) == CARDINAL_OK;
    free(scratch);
    problem p = {plan, x, residual, expected, y_floats};
    pthread_t users[USERS];
    for (int i = 0; i < USERS; ++i)
      if (pthread_create(&users[i], NULL, run_repeatedly, &p) != 0)
        abort();
    for (int i = 0; i < USERS; ++i) {
      void *wrong;
      pthread_join(users[i], &wrong);
      right = right && !wrong;
    }
    *kernel = cardinal_plan_kernel(plan);
    cardinal_plan_destroy(plan);
  }
  free(weights);
  free(x);
  free(residual);
  free(expected);
  return right;
}

int main(void) {
  static const struct {
    int64_t in, out, groups, size, window, stride, pad;
    cardinal_layout x_layout, y_layout;
  } shapes[] = {{64, 80, 1, 9, 1, 1, 0, CARDINAL_LAYOUT_BLOCKED16, CARDINAL_LAYOUT_BLOCKED16},
                {300, 48, 1, 9, 1, 2, 0, CARDINAL_LAYOUT_NCHW, CARDINAL_LAYOUT_NHWC},
                {300, 100, 1, 1, 1, 1, 0, CARDINAL_LAYOUT_BLOCKED16, CARDINAL_LAYOUT_NCHW},
                {32, 32, 8, 9, 3, 1, 1, CARDINAL_LAYOUT_BLOCKED16, CARDINAL_LAYOUT_BLOCKED16},
                {42, 42, 3, 8, 3, 2, 1, CARDINAL_LAYOUT_NHWC, CARDINAL_LAYOUT_BLOCKED16},
                {3, 20, 1, 16, 7, 2, 3, CARDINAL_LAYOUT_NCHW, CARDINAL_LAYOUT_BLOCKED16}};
  size_t runs = 0;
  for (int i = 0; i < 2 * CARDINAL_ISA_COUNT; ++i) {
    const int isa = i / 2;
    cardinal_context_desc desc;
    cardinal_context_desc_init(&desc);
    desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
    desc.isa = cardinal_isa_name((cardinal_isa)isa);
    desc.threads = 4;
    if (i % 2)
      desc.parallel_for = two_threads;
    else
      desc.threading = CARDINAL_THREADING_TEAM;
    cardinal_context *context;
    if (cardinal_context_create(&desc, &context, NULL))
      continue;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; ++s) {
      cardinal_conv_desc d;
      cardinal_conv_desc_init(&d);
      d.batch = 2;
      d.in_channels = shapes[s].in;
      d.out_channels = shapes[s].out;
      d.groups = shapes[s].groups;
      d.in_height = d.in_width = shapes[s].size;
      d.kernel_height = d.kernel_width = shapes[s].window;
      d.stride_height = d.stride_width = shapes[s].stride;
      d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = shapes[s].pad;
      d.x_layout = shapes[s].x_layout;
      d.y_layout = shapes[s].y_layout;
      d.has_residual = 1;
      const char *kernel = "none";
      if (!run_shape(context, &d, &kernel)) {
        fprintf(stderr, "test_races: shape %zu on %s, threading %s (kernel %s): a run failed or gave other bits\n", s,
                desc.isa, cardinal_threading_name(cardinal_context_threading(context)), kernel);
        return EXIT_FAILURE;
      }
      ++runs;
    }
    cardinal_context_destroy(context);
  }
  printf("%zu plans run from several threads at once\n", runs);
  return runs ? EXIT_SUCCESS : EXIT_FAILURE;
}
