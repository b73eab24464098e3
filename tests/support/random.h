/* SPDX-License-Identifier: BSD-3-Clause */
/* Reproducible random numbers, the same on every machine, and how large the tests may be. */
#ifndef CARDINAL_TESTS_SUPPORT_RANDOM_H
#define CARDINAL_TESTS_SUPPORT_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether CARDINAL_TEST_SCALE=small asks for few and small cases, as on an emulated CPU. */
bool test_small(void);

/* One of the two, by the scale. */
static inline size_t test_scale(size_t full, size_t small) {
  return test_small() ? small : full;
}

typedef struct test_random {
  uint64_t state;
} test_random;

uint32_t test_u32(test_random *random);

/* From least to most, both included. */
size_t test_between(test_random *random, size_t least, size_t most);
int64_t test_integer(test_random *random, int64_t least, int64_t most);

/* Uniform in [-1, 1), with all 24 bits of the significand in use. */
float test_uniform(test_random *random);

/* Any bits: normals of all sizes, subnormals, infinities, NaNs, both zeros. */
float test_any_float(test_random *random);

/* Now and then a value that is hard on kernels: NaN, infinity, -0, a subnormal, the largest; otherwise uniform. */
float test_hard_float(test_random *random);

#endif
