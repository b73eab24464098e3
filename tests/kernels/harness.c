/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/kernels/harness.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/seed.h"

static char running[512];
static const char *running_kernel = "no kernel";
static struct sigaction before;

void harness_buffers_init(harness_buffers *buffers, size_t capacity) {
  gauntlet_memory_init(&buffers->x, capacity);
  gauntlet_memory_init(&buffers->w, capacity);
  gauntlet_memory_init(&buffers->bias, capacity);
  gauntlet_memory_init(&buffers->residual, capacity);
  gauntlet_memory_init(&buffers->y, capacity);
}

bool harness_buffers_intact(const harness_buffers *buffers) {
  return gauntlet_memory_intact(&buffers->x) && gauntlet_memory_intact(&buffers->w) &&
         gauntlet_memory_intact(&buffers->bias) && gauntlet_memory_intact(&buffers->residual) &&
         gauntlet_memory_intact(&buffers->y);
}

gauntlet_placement harness_weights_placement(gauntlet_placement placement) {
  return placement == GAUNTLET_AT_START ? GAUNTLET_AT_START : GAUNTLET_AT_END;
}

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0)
    return; /* nothing more can be done in a handler */
}

/* Then returns, so that the access is tried again and the process dies as it would have. */
static void tell_case(int signal_number) {
  sigaction(signal_number, &before, NULL);
  say("crash in ");
  say(running_kernel);
  say(": ");
  say(running);
  say("\n");
}

static void watch_crashes(int signal_number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = tell_case;
  sigaction(signal_number, &action, &before);
}

void harness_run(cardinal_form form, harness_cases *cases, size_t (*least)(const cardinal_kernel *kernel)) {
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  const char *part = getenv("CARDINAL_TEST_KERNELS");
  size_t kernels = 0;
  watch_crashes(SIGSEGV);
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (kernel->form != form || cardinal_kernel_unusable(kernel, &everything) || (part && !strstr(kernel->name, part)))
      continue;
    size_t count = 0;
    running_kernel = kernel->name;
    if (cases(kernel, &count))
      cr_expect(count >= least(kernel), "%s: only %zu cases ran, expected %zu at least", kernel->name, count,
                least(kernel));
    printf("%s: %zu cases\n", kernel->name, count);
    ++kernels;
  }
  cr_assert(kernels > 0 || part, "no kernel of this form is registered for this CPU");
}

void harness_case(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(running, sizeof running, format, arguments);
  va_end(arguments);
}

/* FNV-1a (Fowler, Noll and Vo): any text gives another number. */
gauntlet_random harness_random(size_t run) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325) + run;
  for (const char *at = running; *at; ++at)
    hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
  return test_random(hash);
}

bool harness_fail(const char *format, ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  cr_expect(false, "%s: %s: %s", running_kernel, running, what);
  return false;
}

bool harness_accepts(const cardinal_kernel *kernel, const cardinal_shape *shape) {
  return !cardinal_kernel_declines_shape(kernel, shape);
}

bool harness_equal(const float *found, const float *expected, size_t floats, const char *other) {
  const size_t at = gauntlet_first_difference(found, expected, floats);
  if (at == floats)
    return true;
  return harness_fail("float %zu of %zu of the output is %a, %s gives %a", at, floats, (double)found[at], other,
                      (double)expected[at]);
}
