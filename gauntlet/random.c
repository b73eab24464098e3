/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/random.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* SplitMix64 (Steele, Lea and Flood 2014): any seed is good. */
static uint64_t next(gauntlet_random *random) {
  uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

uint32_t gauntlet_u32(gauntlet_random *random) {
  return (uint32_t)(next(random) >> 32);
}

size_t gauntlet_between(gauntlet_random *random, size_t least, size_t most) {
  return least + (size_t)(next(random) % (most - least + 1));
}

int64_t gauntlet_integer(gauntlet_random *random, int64_t least, int64_t most) {
  return least + (int64_t)gauntlet_between(random, 0, (size_t)(most - least));
}

float gauntlet_uniform(gauntlet_random *random) {
  return (float)((int32_t)(gauntlet_u32(random) >> 7) - (1 << 24)) * 0x1p-24f;
}

float gauntlet_any_float(gauntlet_random *random) {
  const uint32_t bits = gauntlet_u32(random);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The usual one, or one of all bits: rounding that adds to it as to a number makes a zero of that. */
static float any_nan(gauntlet_random *random) {
  static const uint32_t all_bits[] = {0x7FFFFFFFu, 0xFFFFFFFFu};
  const uint64_t which = gauntlet_between(random, 0, 2);
  float value = NAN;
  if (which < 2)
    memcpy(&value, &all_bits[which], sizeof value);
  return value;
}

float gauntlet_hard_float(gauntlet_random *random) {
  switch (gauntlet_between(random, 0, 99)) {
  case 0:
    return any_nan(random);
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
    return gauntlet_uniform(random) * FLT_MIN;
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
    return gauntlet_uniform(random);
  }
}

float gauntlet_special_float(gauntlet_random *random) {
  const float value = gauntlet_hard_float(random);
  return isfinite(value) && fabsf(value) > 1.0f ? gauntlet_uniform(random) : value;
}
