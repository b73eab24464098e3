/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/random.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool test_small(void) {
  const char *scale = getenv("CARDINAL_TEST_SCALE");
  return scale && strcmp(scale, "small") == 0;
}

/* SplitMix64 (Steele, Lea and Flood 2014): any seed is good. */
static uint64_t next(test_random *random) {
  uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

uint32_t test_u32(test_random *random) {
  return (uint32_t)(next(random) >> 32);
}

size_t test_between(test_random *random, size_t least, size_t most) {
  return least + (size_t)(next(random) % (most - least + 1));
}

int64_t test_integer(test_random *random, int64_t least, int64_t most) {
  return least + (int64_t)test_between(random, 0, (size_t)(most - least));
}

float test_uniform(test_random *random) {
  return (float)((int32_t)(test_u32(random) >> 7) - (1 << 24)) * 0x1p-24f;
}

float test_any_float(test_random *random) {
  const uint32_t bits = test_u32(random);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

float test_hard_float(test_random *random) {
  switch (test_between(random, 0, 99)) {
  case 0:
    return NAN;
  case 1:
    return INFINITY;
  case 2:
    return -INFINITY;
  case 3:
    return FLT_MAX;
  case 4:
    return -FLT_MAX;
  case 5:
  case 6:
    return test_uniform(random) * FLT_MIN;
  case 7:
  case 8:
    return FLT_TRUE_MIN;
  case 9:
  case 10:
  case 11:
    return -0.0f;
  case 12:
    return 0.0f;
  default:
    return test_uniform(random);
  }
}
