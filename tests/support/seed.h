/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the tests' random cases come from. */
#ifndef CARDINAL_TESTS_SUPPORT_SEED_H
#define CARDINAL_TESTS_SUPPORT_SEED_H

#include "gauntlet/random.h"

/* The number in an environment variable, 0 without it; ends the process if it isn't one. */
uint64_t test_number(const char *variable);

/* That in CARDINAL_TEST_SEED. */
uint64_t test_seed(void);

/* Random numbers that are the same at each run, unless CARDINAL_TEST_SEED asks for others. */
static inline gauntlet_random test_random(uint64_t fixed) {
  return gauntlet_seeded(fixed, test_seed());
}

#endif
