/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synthetic weights, as docs/synthetic-weights.md specifies them. Every operation here is on integers, exact, or
 * rounded once to nearest (square root and division in double, one product in float), so that all platforms get the
 * same bits.
 */
#include "net/synthetic.h"

#include <math.h>
#include <string.h>

#include <cardinal/net.h>

/* The finaliser of SplitMix64: a bijection that spreads every input bit over all output bits. */
static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_name(const char *name) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (; *name; name++)
    hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
  return hash;
}

static uint64_t key_of(uint64_t seed, const char *name) {
  return mix(seed ^ hash_name(name));
}

/* Element `index` of the stream `key`: uniform on the multiples of 2^-23 in [-1, 1), exact. */
static float uniform(uint64_t key, uint64_t index) {
  uint64_t bits = mix(key + (index + 1) * UINT64_C(0x9E3779B97F4A7C15));
  return (float)((int32_t)(bits >> 40) - (1 << 23)) * 0x1p-23f;
}

static bool ends_with(const char *name, const char *end) {
  size_t length = strlen(name), end_length = strlen(end);
  return length >= end_length && !strcmp(name + length - end_length, end);
}

typedef struct {
  float centre, scale; /* value = centre + scale * uniform */
} range;

/* He's variance for whatever has a fan-in; batch norms near the identity, but the last one of a block scales its branch
 * down to a quarter, so that the sum over the blocks of 101 layers stays within a small factor. */
static range range_of(const cardinal_tensor *tensor) {
  if (tensor->rank >= 2) {
    double fan_in = 1;
    for (int i = 1; i < tensor->rank; i++)
      fan_in *= (double)tensor->shape[i];
    return (range){0.0f, (float)sqrt(6.0 / fan_in)};
  }
  if (ends_with(tensor->name, ".running_var"))
    return (range){1.0f, 0.5f};
  if (ends_with(tensor->name, ".running_mean") || ends_with(tensor->name, ".bias"))
    return (range){0.0f, 0.125f};
  if (ends_with(tensor->name, ".bn3.weight"))
    return (range){0.25f, 0.125f};
  return (range){1.0f, 0.25f};
}

void cardinal_synthetic_fill(uint64_t seed, const cardinal_tensor *tensor, size_t first, size_t count, float *to) {
  uint64_t key = key_of(seed, tensor->name);
  range r = range_of(tensor);
  for (size_t i = 0; i < count; i++) {
    /* Either the centre is zero or the scale is a power of two: one rounding at most. */
    float scaled = r.scale * uniform(key, first + i);
    to[i] = r.centre + scaled;
  }
}

void cardinal_synthetic_input(uint64_t seed, float *to, size_t floats) {
  uint64_t key = key_of(seed, "input");
  for (size_t i = 0; i < floats; i++)
    to[i] = 2.0f * uniform(key, i);
}
