/* SPDX-License-Identifier: BSD-3-Clause */
/* Children forked after, and during, runs on several threads: what they inherit works, and what they make. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/sanitizer.h"
#include "tests/support/scale.h"
#include "tests/threads/problem.h"

TestSuite(fork, .init = problem_init);

typedef bool child(const cardinal_context *context, const cardinal_plan *plan);

/* A thread that just starts may hold a lock of the address sanitizer's allocator, which, unlike the C library's, isn't
 * safe to fork: let those threads begin that an earlier run has started. */
static void let_threads_begin(void) {
  if (TEST_SANITIZED)
    usleep(200000);
}

/* Whether child() returns true in a forked child. A hang ends by SIGALRM. */
static bool right_in_child(child *run, const cardinal_context *context, const cardinal_plan *plan) {
  let_threads_begin();
  const pid_t pid = fork();
  cr_assert(pid >= 0);
  if (pid == 0) {
    alarm(60);
    _exit(run(context, plan) ? 0 : 1);
  }
  int status;
  cr_assert_eq(waitpid(pid, &status, 0), pid);
  cr_expect(WIFEXITED(status), "the child was ended by signal %d", WTERMSIG(status));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A context of the child's own. */
static bool makes_its_own(const cardinal_context *context, const cardinal_plan *plan) {
  (void)plan;
  cardinal_context *own = problem_context(cardinal_context_threading(context), cardinal_context_threads(context));
  cardinal_plan *own_plan = problem_plan(own);
  const bool right = problem_run_right(own_plan) && problem_run_right(own_plan);
  cardinal_plan_destroy(own_plan);
  cardinal_context_destroy(own);
  return right;
}

static bool runs_the_inherited(const cardinal_context *context, const cardinal_plan *plan) {
  (void)context;
  return problem_run_right(plan) && problem_run_right(plan);
}

/* As above, and shows that threads run there: as many as the parent had. */
static bool has_threads_again(const cardinal_context *context, const cardinal_plan *plan) {
  return thread_count() == 1 && problem_run_right(plan) && thread_count() == cardinal_context_threads(context);
}

/* Destroys what it has inherited, unused or used. */
static bool destroys_the_inherited(const cardinal_context *context, const cardinal_plan *plan) {
  cardinal_plan_destroy((cardinal_plan *)(uintptr_t)plan);
  cardinal_context_destroy((cardinal_context *)(uintptr_t)context);
  return thread_count_settles(1); /* /proc may show a thread that was joined a little longer */
}

static bool runs_and_destroys(const cardinal_context *context, const cardinal_plan *plan) {
  return problem_run_right(plan) && destroys_the_inherited(context, plan);
}

static bool has_a_child_itself(const cardinal_context *context, const cardinal_plan *plan) {
  return problem_run_right(plan) && right_in_child(runs_and_destroys, context, plan) && problem_run_right(plan);
}

Test(fork, after_a_run) {
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 3);
  cardinal_plan *plan = problem_plan(context);
  cr_expect(right_in_child(has_threads_again, context, plan), "before a run");
  cr_expect(problem_run_right(plan));
  cr_expect(right_in_child(makes_its_own, context, plan), "a context of its own");
  cr_expect(right_in_child(runs_the_inherited, context, plan), "the inherited plan");
  cr_expect(right_in_child(has_threads_again, context, plan), "the inherited plan, on threads");
  cr_expect(right_in_child(destroys_the_inherited, context, plan), "destroying, unused");
  cr_expect(right_in_child(runs_and_destroys, context, plan), "destroying, used");
  cr_expect(right_in_child(has_a_child_itself, context, plan), "a child's child");
  cr_expect(problem_run_right(plan), "the parent, afterwards");
  cr_expect_eq(cardinal_context_hold_threads(context), 1);
  cr_expect(right_in_child(runs_the_inherited, context, plan), "forked while holding");
  cr_expect(problem_run_right(plan), "the parent, holding");
  cardinal_context_release_threads(context);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

/* With OpenMP it is the runtime that decides. */
Test(fork, after_a_run_of_the_default) {
  cardinal_context *context = problem_context(CARDINAL_THREADING_DEFAULT, 3);
  if (cardinal_context_threading(context) == CARDINAL_THREADING_OPENMP)
    cr_skip("this build runs on OpenMP by default");
  cardinal_plan *plan = problem_plan(context);
  cr_expect(problem_run_right(plan));
  cr_expect(right_in_child(makes_its_own, context, plan), "a context of its own");
  cr_expect(right_in_child(runs_the_inherited, context, plan), "the inherited plan");
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}

typedef struct background {
  const cardinal_plan *plan;
  atomic_bool stop;
  size_t wrong, runs;
} background;

static void *run_until_stopped(void *argument) {
  background *b = argument;
  for (; !b->runs || !atomic_load(&b->stop); ++b->runs)
    b->wrong += !problem_run_right(b->plan);
  return NULL;
}

/* The threads are held, and perhaps at work, at the moment of the fork; their holder isn't there in the child. */
Test(fork, during_runs_of_another_thread) {
  cardinal_context *context = problem_context(CARDINAL_THREADING_TEAM, 3);
  cardinal_plan *plan = problem_plan(context);
  background b = {.plan = plan};
  pthread_t other;
  cr_assert_eq(pthread_create(&other, NULL, run_until_stopped, &b), 0);
  for (size_t i = 0; i < test_scale(100, 5); ++i) {
    child *const children[] = {runs_the_inherited, has_threads_again, destroys_the_inherited, runs_and_destroys};
    cr_expect(right_in_child(children[i % 4], context, plan), "child %zu", i);
  }
  atomic_store(&b.stop, true);
  pthread_join(other, NULL);
  cr_expect_eq(b.wrong, 0, "%zu of %zu runs are wrong", b.wrong, b.runs);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
}
