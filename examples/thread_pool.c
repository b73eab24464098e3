/* SPDX-License-Identifier: BSD-3-Clause */
/* Cardinal on the program's own threads, three helpers and the caller. Its tasks don't wait for one another, so a pool
 * may run them in any order, at once or not, and the result has the same bits. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cardinal/cardinal.h>

#define HELPERS 3
#define CHANNELS 64
#define FLOATS (CHANNELS * 28 * 28)

static cardinal_task task; /* NULL ends the helpers */
static void *task_argument;
static size_t tasks, scratch[1 << 16];
static atomic_size_t next_task;
static sem_t wake, done;

static void take_tasks(void) {
  for (size_t index; (index = atomic_fetch_add(&next_task, 1)) < tasks;)
    task(task_argument, index);
}

static void *helper(void *unused) {
  for (; sem_wait(&wake) == 0 && task; sem_post(&done))
    take_tasks();
  return unused;
}

static void parallel_for(void *user, size_t count, cardinal_task run_task, void *argument) {
  task = run_task;
  task_argument = argument;
  tasks = count;
  atomic_store(&next_task, 0);
  for (int i = 0; i < *(int *)user; ++i)
    sem_post(&wake);
  take_tasks();
  for (int i = 0; i < *(int *)user; ++i)
    sem_wait(&done);
}

static float x[FLOATS], weights[CHANNELS * CHANNELS], y[FLOATS];

int main(void) {
  pthread_t helpers[HELPERS];
  int started = 0;
  sem_init(&wake, 0, 0);
  sem_init(&done, 0, 0);
  while (started < HELPERS && pthread_create(&helpers[started], NULL, helper, NULL) == 0)
    ++started;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.threads = HELPERS + 1; /* a run has at most so many tasks */
  desc.parallel_for = parallel_for;
  desc.parallel_for_user = &started;
  cardinal_conv_desc conv;
  cardinal_conv_desc_init(&conv); /* 1×1 */
  conv.in_channels = conv.out_channels = CHANNELS;
  conv.in_height = conv.in_width = 28;
  for (int i = 0; i < FLOATS; ++i)
    x[i] = weights[i % (CHANNELS * CHANNELS)] = 1;
  cardinal_context *context = NULL;
  cardinal_plan *plan = NULL;
  if (cardinal_context_create(&desc, &context, NULL) ||
      cardinal_conv_create(context, &conv, weights, NULL, &plan, NULL) ||
      cardinal_plan_scratch_bytes(plan) > sizeof scratch || cardinal_plan_run(plan, x, NULL, y, scratch, NULL))
    return 1;
  printf("%zu tasks: %s\n", tasks, y[FLOATS - 1] == CHANNELS ? "right" : "wrong");
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
  task = NULL;
  for (int i = 0; i < started; ++i)
    sem_post(&wake);
  while (started > 0)
    pthread_join(helpers[--started], NULL);
  return y[FLOATS - 1] != CHANNELS;
}
