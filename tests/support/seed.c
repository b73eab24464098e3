/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/seed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t test_seed(void) {
  const char *text = getenv("CARDINAL_TEST_SEED");
  if (!text)
    return 0;
  char *end;
  errno = 0;
  const unsigned long long seed = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || errno) {
    fprintf(stderr, "CARDINAL_TEST_SEED is \"%s\", expected a whole number of at most 64 bits\n", text);
    exit(EXIT_FAILURE);
  }
  return seed;
}
