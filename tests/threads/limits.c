/* SPDX-License-Identifier: BSD-3-Clause */
/* Fewer threads than asked for: limits of memory and processes, and each pthread_create failing in turn. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/sanitizer.h"
#include "tests/threads/problem.h"

TestSuite(limits, .init = problem_init);

/* ---- injected failures; the linker sends the library's calls here (--wrap) ---- */

static size_t creations, fail_at; /* fail_at: the first that fails, from 1; 0: none does */
static int error_with_attributes;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  if (attributes && error_with_attributes)
    return error_with_attributes;
  if (++creations == fail_at)
    return EAGAIN;
  return __real_pthread_create(thread, attributes, start, argument);
}

Test(limits, each_creation_of_a_thread_may_fail) {
  enum {
    THREADS = 5
  };
  const size_t before = thread_count();
  for (fail_at = 1; fail_at < THREADS; ++fail_at) {
    creations = 0;
    cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, THREADS);
    cardinal_plan *plan = problem_plan(context);
    cr_expect(problem_run_right(plan), "creation %zu fails: a wrong run", fail_at);
    cr_expect_eq(creations, fail_at, "the wrapper wasn't asked");
    cr_expect_eq(thread_count(), before + fail_at - 1, "creation %zu fails: %zu threads", fail_at,
                 thread_count() - before);
    cr_expect(problem_run_right(plan), "creation %zu failed: a wrong second run", fail_at);
    cr_expect_eq(creations, fail_at, "each run tries again");
    cardinal_plan_destroy(plan);
    cardinal_context_destroy(context);
    cr_expect(thread_count_settles(before));
  }
}

/* As with thread-local variables of more than the team's small stacks. */
Test(limits, stacks_may_be_too_small) {
  const size_t before = thread_count();
  error_with_attributes = EINVAL;
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 3);
  cardinal_plan *plan = problem_plan(context);
  cr_expect(problem_run_right(plan));
  cr_expect_eq(thread_count(), before + 2, "no threads with stacks of the system's size");
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

/* ---- limits of the system ---- */

enum {
  MANY = 400,
  NOT_LIMITED = 77
};

/* In a child, which the limit stays with: 0 if runs were right with fewer threads than asked for. */
static int run_limited(bool (*limit)(void)) {
  const pid_t pid = fork();
  cr_assert(pid >= 0);
  if (pid == 0) {
    alarm(60);
    cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, MANY);
    cardinal_plan *plan = problem_plan(context);
    if (!limit())
      _exit(NOT_LIMITED);
    const bool right = problem_run_right(plan) && problem_run_right(plan);
    cardinal_plan_destroy(plan);
    cardinal_context_destroy(context);
    _exit(right ? 0 : 1);
  }
  int status;
  cr_assert_eq(waitpid(pid, &status, 0), pid);
  cr_assert(WIFEXITED(status), "the child was ended by signal %d", WTERMSIG(status));
  return WEXITSTATUS(status);
}

static size_t address_space(void) {
  size_t pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  cr_assert(file && fscanf(file, "%zu", &pages) == 1);
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Room for a few stacks. False where the limit isn't kept, as under qemu. */
static bool limit_memory(void) {
  const size_t bytes = address_space() + (3 << 20);
  if (setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes}))
    return false;
  return mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED;
}

static void *nothing(void *argument) {
  return argument;
}

/* No process or thread more. Root is never limited, so that it becomes nobody first. */
static bool limit_processes(void) {
  if (geteuid() == 0 && setuid(65534))
    return false;
  if (setrlimit(RLIMIT_NPROC, &(struct rlimit){1, 1}))
    return false;
  pthread_t thread;
  return __real_pthread_create(&thread, NULL, nothing, NULL) != 0;
}

static void expect_right(int status) {
  if (status == NOT_LIMITED)
    cr_skip("the limit isn't kept here");
  cr_expect_eq(status, 0, "wrong runs");
}

Test(limits, address_space) {
  if (TEST_SANITIZED)
    cr_skip("sanitizers take more address space than a limit leaves");
  expect_right(run_limited(limit_memory));
}

Test(limits, number_of_processes) {
  expect_right(run_limited(limit_processes));
}
