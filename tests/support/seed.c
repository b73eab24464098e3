/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/seed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t test_number(const char *variable) {
  const char *text = getenv(variable);
  if (!text)
    return 0;
  char *end;
  errno = 0;
  const unsigned long long number = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || errno) {
    fprintf(stderr, "%s is \"%s\", expected a whole number of at most 64 bits\n", variable, text);
    exit(EXIT_FAILURE);
  }
  return number;
}

uint64_t test_seed(void) {
  return test_number("CARDINAL_TEST_SEED");
}
