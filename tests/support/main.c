/* SPDX-License-Identifier: BSD-3-Clause */
/* Criterion's own main() is content when a filter leaves no test to run; this one isn't. It names the seed of what
 * failed. */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/support/seed.h"

static size_t tests_run;

ReportHook(POST_ALL)(struct criterion_global_stats *stats) {
  tests_run = stats->nb_tests - stats->tests_skipped;
}

/* Visible, because Criterion's test processes look it up by name to take its place. */
__attribute__((visibility("default"))) int main(int argc, char *argv[]) {
  struct criterion_test_set *tests = criterion_initialize();
  int failed = 0;
  if (criterion_handle_args(argc, argv, true)) {
    const uint64_t seed = test_seed();
    failed = !criterion_run_all_tests(tests);
    if (failed)
      fprintf(stderr, "%s: random cases were drawn with CARDINAL_TEST_SEED=%" PRIu64 "\n", argv[0], seed);
    if (tests_run == 0) {
      fprintf(stderr, "%s: no test ran\n", argv[0]);
      failed = 1;
    }
  }
  criterion_finalize(tests);
  return failed;
}
