/* SPDX-License-Identifier: BSD-3-Clause */
/* How large the tests may be. */
#ifndef CARDINAL_TESTS_SUPPORT_SCALE_H
#define CARDINAL_TESTS_SUPPORT_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Whether CARDINAL_TEST_SCALE=small asks for few and small cases, as on an emulated CPU. */
static inline bool test_small(void) {
  const char *scale = getenv("CARDINAL_TEST_SCALE");
  return scale && strcmp(scale, "small") == 0;
}

/* One of the two, by the scale. */
static inline size_t test_scale(size_t full, size_t small) {
  return test_small() ? small : full;
}

#endif
