/* SPDX-License-Identifier: BSD-3-Clause */
/* Reproducible random numbers, the same on every machine. */
#ifndef CARDINAL_GAUNTLET_RANDOM_H
#define CARDINAL_GAUNTLET_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct gauntlet_random {
  uint64_t state;
} gauntlet_random;

/* A stream of its own for each pair of numbers; seed 0 is the plain one. */
static inline gauntlet_random gauntlet_seeded(uint64_t stream, uint64_t seed) {
  return (gauntlet_random){.state = stream + seed * UINT64_C(0xD1342543DE82EF95)};
}

uint32_t gauntlet_u32(gauntlet_random *random);

/* From least to most, both included. */
size_t gauntlet_between(gauntlet_random *random, size_t least, size_t most);
int64_t gauntlet_integer(gauntlet_random *random, int64_t least, int64_t most);

/* Uniform in [-1, 1), with all 24 bits of the significand in use. */
float gauntlet_uniform(gauntlet_random *random);

/* Any bits: normals of all sizes, subnormals, infinities, NaNs, both zeros. */
float gauntlet_any_float(gauntlet_random *random);

/* Now and then a value that is hard on kernels: NaN, infinity, -0, a subnormal, the largest; otherwise uniform. */
float gauntlet_hard_float(gauntlet_random *random);

/* The same without the largest ones: no sum of products of a few million such values overflows. */
float gauntlet_special_float(gauntlet_random *random);

#endif
