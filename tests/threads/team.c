/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's own team: when its threads exist, what they are like, and who has them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ops/team.h"
#include "tests/support/scale.h"
#include "tests/threads/problem.h"

TestSuite(team, .init = problem_init);

Test(team, has_no_thread_before_a_run_and_none_after_its_context) {
  const size_t before = thread_count();
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 8);
  cr_expect_eq(cardinal_context_threading(context), CARDINAL_THREADING_TEAM);
  cardinal_plan *plan = problem_plan(context);
  cr_expect_eq(thread_count(), before, "threads before the first run");
  for (int i = 0; i < 3; ++i) {
    cr_expect(problem_run_right(plan), "run %d is wrong", i);
    cr_expect_eq(thread_count(), before + 7, "%zu threads after run %d", thread_count() - before, i);
  }
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
  cr_expect(thread_count_settles(before), "threads outlive their context");
}

/* Work for three needs three, however many the context allows. */
Test(team, starts_no_more_threads_than_a_run_can_use) {
  const size_t before = thread_count();
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 8);
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.kind = CARDINAL_POOL_AVERAGE_GLOBAL;
  d.channels = 3 * 16;
  d.in_height = d.in_width = 2;
  cardinal_plan *plan;
  cr_assert_eq(cardinal_pool_create(context, &d, &plan, NULL), CARDINAL_OK);
  static const float x[3 * 16 * 4];
  float y[3 * 16];
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
  cr_expect_eq(cardinal_plan_run(plan, x, NULL, y, scratch, NULL), CARDINAL_OK);
  cr_expect_eq(thread_count(), before + 2, "%zu threads for three items", thread_count() - before);
  free(scratch);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

Test(team, making_and_destroying_contexts_leaks_no_thread) {
  const size_t before = thread_count();
  for (size_t i = 0; i < test_scale(200, 10); ++i) {
    cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 2 + (uint32_t)i % 4);
    cardinal_plan *plan = problem_plan(context);
    cr_expect(problem_run_right(plan));
    cardinal_plan_destroy(plan);
    cardinal_context_destroy(context);
  }
  cr_expect(thread_count_settles(before), "%zu threads more than before", thread_count() - before);
}

/* The value of a field such as "SigBlk:" in /proc/self/task/TID/status, as a hexadecimal number. */
static unsigned long long status_field(const char *tid, const char *field) {
  char path[300], line[256];
  unsigned long long value = 0;
  snprintf(path, sizeof path, "/proc/self/task/%s/status", tid);
  FILE *file = fopen(path, "r");
  cr_assert(file, "%s can't be read", path);
  while (fgets(line, sizeof line, file))
    if (strncmp(line, field, strlen(field)) == 0)
      value = strtoull(line + strlen(field), NULL, 16);
  fclose(file);
  return value;
}

static void expect_blocked(const char *tid, int signal, bool blocked) {
  const unsigned long long mask = status_field(tid, "SigBlk:");
  cr_expect_eq(mask >> (signal - 1) & 1, blocked, "signal %d is %sblocked", signal, blocked ? "not " : "");
}

/* Checks the threads that are named as the team's, and notes which it found. */
static void look_at_threads(unsigned long long affinity, bool found[3]) {
  DIR *directory = opendir("/proc/self/task");
  for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
    if (!file)
      continue;
    cr_expect(fgets(name, sizeof name, file));
    fclose(file);
    int number = 0;
    if (sscanf(name, "cardinal-%d", &number) != 1)
      continue;
    cr_assert(number >= 1 && number <= 2, "%s", name);
    found[number] = true;
    static const int blocked[] = {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGHUP};
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF};
    for (size_t i = 0; i < sizeof blocked / sizeof blocked[0]; ++i)
      expect_blocked(entry->d_name, blocked[i], true);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; ++i)
      expect_blocked(entry->d_name, open[i], false);
    cr_expect_eq(status_field(entry->d_name, "Cpus_allowed:"), affinity);
  }
  closedir(directory);
}

Test(team, threads_have_names_and_leave_signals_and_affinity_alone) {
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 3);
  cardinal_plan *plan = problem_plan(context);
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  cr_expect(problem_run_right(plan));
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int signal = 1; signal < 32; ++signal)
    cr_expect_eq(sigismember(&before, signal), sigismember(&after, signal), "the caller's mask of %d changed", signal);

  char self[24];
  snprintf(self, sizeof self, "%ld", (long)gettid());
  const unsigned long long mine = status_field(self, "Cpus_allowed:");
  bool found[3] = {false};
  for (int tries = 0; tries < 30000 && !(found[1] && found[2]); ++tries) { /* they may be about to start */
    look_at_threads(mine, found);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  cr_expect(found[1] && found[2], "no thread is called cardinal-1 or cardinal-2");
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

static int64_t process_cpu_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Half a second of sleep: three threads that spun through it would use 1.5 s of CPUs' time. */
static int64_t cpu_ns_while_asleep(void) {
  nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* longer than threads stay awake */
  const int64_t before = process_cpu_ns();
  nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
  return process_cpu_ns() - before;
}

Test(team, uses_no_cpu_time_while_idle) {
  const int64_t generous = 20000000;
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 4);
  cardinal_plan *plan = problem_plan(context);
  cr_expect(problem_run_right(plan));
  int64_t used = cpu_ns_while_asleep();
  cr_expect_lt(used, generous, "%.1f ms of CPU time after a run", (double)used * 1e-6);
  cr_expect_eq(cardinal_context_hold_threads(context), 1);
  cr_expect(problem_run_right(plan));
  used = cpu_ns_while_asleep();
  cr_expect_lt(used, generous, "%.1f ms of CPU time while held", (double)used * 1e-6);
  cr_expect(problem_run_right(plan), "the run that wakes them is wrong");
  cardinal_context_release_threads(context);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

/* A task that returns when all three have come, or after half a minute. */
static void meet(void *argument, size_t index) {
  atomic_uint *come = argument;
  atomic_fetch_or(come, 1u << index);
  for (int tries = 0; tries < 30000 && atomic_load(come) != 7; ++tries)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

Test(team, all_come_from_wherever_they_wait) {
  enum {
    THREADS = 3
  };
  void *memory = aligned_alloc(64, (cardinal_team_bytes(THREADS) + 63) / 64 * 64);
  for (int spin = 0; spin < 2; ++spin) {
    cardinal_team *team = memory;
    cr_assert(cardinal_team_init(team, THREADS, spin));
    cr_assert(cardinal_team_hold(team));
    for (size_t phase = 0; phase < test_scale(200, 10); ++phase) {
      if (phase % 20 == 10) /* asleep; otherwise awake, or about to be the one or the other */
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
      atomic_uint come = 0;
      cardinal_team_run(team, THREADS, meet, &come);
      cr_assert_eq(atomic_load(&come), 7, "phase %zu: only tasks %#x came", phase, atomic_load(&come));
    }
    cardinal_team_release(team);
    cardinal_team_stop(team);
  }
  free(memory);
}

/* ---- several users ---- */

typedef struct user {
  const cardinal_context *context;
  const cardinal_plan *plan;
  size_t runs, wrong;
  int32_t held; /* what holding returned */
} user;

static void *use(void *argument) {
  user *u = argument;
  u->held = cardinal_context_hold_threads(u->context);
  for (size_t i = 0; i < u->runs; ++i)
    u->wrong += !problem_run_right(u->plan);
  cardinal_context_release_threads(u->context);
  return NULL;
}

static void *use_run_by_run(void *argument) {
  user *u = argument;
  for (size_t i = 0; i < u->runs; ++i)
    u->wrong += !problem_run_right(u->plan);
  return NULL;
}

Test(team, many_threads_run_at_once) {
  enum {
    USERS = 8
  };
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 3);
  cardinal_plan *plan = problem_plan(context);
  pthread_t threads[USERS];
  user users[USERS];
  for (int i = 0; i < USERS; ++i) {
    users[i] = (user){.context = context, .plan = plan, .runs = test_scale(500, 10)};
    cr_assert_eq(pthread_create(&threads[i], NULL, i % 4 ? use_run_by_run : use, &users[i]), 0);
  }
  for (int i = 0; i < USERS; ++i) {
    pthread_join(threads[i], NULL);
    cr_expect_eq(users[i].wrong, 0, "user %d: %zu of %zu runs are wrong", i, users[i].wrong, users[i].runs);
  }
  cr_expect_eq(cardinal_context_hold_threads(context), 1, "somebody still holds the threads");
  cardinal_context_release_threads(context);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

static int32_t held_by_another(const cardinal_context *context, const cardinal_plan *plan) {
  user other = {.context = context, .plan = plan, .runs = 2};
  pthread_t thread;
  cr_assert_eq(pthread_create(&thread, NULL, use, &other), 0);
  pthread_join(thread, NULL);
  cr_expect_eq(other.wrong, 0);
  return other.held;
}

Test(team, is_held_by_one_thread_at_a_time) {
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 3);
  cardinal_plan *plan = problem_plan(context);
  cardinal_context_release_threads(context); /* not held: nothing happens */
  cr_expect_eq(held_by_another(context, plan), 1);
  for (int i = 0; i < 2; ++i)
    cr_expect_eq(cardinal_context_hold_threads(context), 1);
  cr_expect_eq(held_by_another(context, plan), 0, "two hold the threads");
  cr_expect(problem_run_right(plan), "a run within a hold is wrong");
  cardinal_context_release_threads(context);
  cr_expect_eq(held_by_another(context, plan), 0, "an inner release gave them away");
  cardinal_context_release_threads(context);
  cr_expect_eq(held_by_another(context, plan), 1);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

/* Where there is no team, holding is allowed and means nothing. */
Test(team, holding_without_a_team) {
  for (int threads = 1; threads <= 2; ++threads) {
    cardinal_context *context =
        problem_context(threads == 1 ? CARDINAL_THREADING_TEAM : CARDINAL_THREADING_SERIAL, (uint32_t)threads);
    cardinal_plan *plan = problem_plan(context);
    cr_expect_eq(cardinal_context_hold_threads(context), 1);
    cr_expect_eq(held_by_another(context, plan), 1);
    cr_expect(problem_run_right(plan));
    cardinal_context_release_threads(context);
    cardinal_plan_destroy(plan);
    cardinal_context_destroy(context);
  }
}
