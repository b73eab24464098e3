/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/kernels/harness.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatch/select.h"
#include "gauntlet/micro_campaign.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

enum {
  LINE_BYTES = 256
};

/* The case that is running, and the line that repeats it, for the handler of crashes. */
static gauntlet_micro_verdict running;
static char repeat[LINE_BYTES];
static const char *running_test;
static struct sigaction before;

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0)
    return; /* nothing more can be done in a handler */
}

/* Then returns, so that the access is tried again and the process dies as it would have. */
static void tell_case(int signal_number) {
  sigaction(signal_number, &before, NULL);
  say("crash in ");
  say(running.kernel ? running.kernel->name : "no kernel");
  say(": ");
  say(running.words);
  say("\n");
  say(repeat);
  say("\n");
}

static void watch_crashes(int signal_number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = tell_case;
  sigaction(signal_number, &action, &before);
}

static void note_start(void *user, const gauntlet_micro_verdict *verdict) {
  (void)user;
  running = *verdict;
  snprintf(repeat, sizeof repeat,
           "CARDINAL_TEST_KERNELS=%s CARDINAL_TEST_CASE=%zu CARDINAL_TEST_SEED=%" PRIu64
           "%s test_kernels --filter '%s'",
           verdict->kernel->name, verdict->number, test_seed(), test_small() ? " CARDINAL_TEST_SCALE=small" : "",
           running_test);
}

static bool check(void *user, const gauntlet_micro_verdict *verdict) {
  bool *right = user;
  *right = verdict->violations == 0;
  cr_expect(*right, "%s: %s: %s\n%s", verdict->kernel->name, verdict->words, verdict->what, repeat);
  return *right;
}

void harness_run(const char *test, cardinal_form form, size_t (*least)(const cardinal_kernel *kernel)) {
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  const char *part = getenv("CARDINAL_TEST_KERNELS");
  const size_t only = test_number("CARDINAL_TEST_CASE");
  size_t kernels = 0;
  running_test = test;
  watch_crashes(SIGSEGV);
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (kernel->form != form || cardinal_kernel_unusable(kernel, &everything) || (part && !strstr(kernel->name, part)))
      continue;
    bool right = true;
    const size_t count = gauntlet_micro_run(&(gauntlet_micro){.kernel = kernel,
                                                              .seed = test_seed(),
                                                              .small = test_small(),
                                                              .only = only,
                                                              .user = &right,
                                                              .starts = note_start,
                                                              .judged = check});
    const size_t expected = only ? 1 : least(kernel);
    if (right)
      cr_expect(count >= expected, "%s: only %zu cases ran, expected %zu at least", kernel->name, count, expected);
    printf("%s: %zu cases\n", kernel->name, count);
    ++kernels;
  }
  cr_assert(kernels > 0 || part, "no kernel of this form is registered for this CPU");
}
