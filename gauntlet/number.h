/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of the three formats as they lie in memory, for judges: what they are, how they are rounded, when two are the
 * same. Written from kernels/kernel.h, apart from what the kernels themselves round with (kernels/format.h). */
#ifndef CARDINAL_GAUNTLET_NUMBER_H
#define CARDINAL_GAUNTLET_NUMBER_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cardinal/cardinal.h>

/* Number `at`. */
static inline float gauntlet_number(cardinal_format format, const void *numbers, size_t at) {
  float value;
  if (format == CARDINAL_FORMAT_INT8)
    return (float)((const signed char *)numbers)[at];
  if (format == CARDINAL_FORMAT_F32) {
    memcpy(&value, (const char *)numbers + at * sizeof value, sizeof value);
    return value;
  }
  uint16_t half;
  memcpy(&half, (const char *)numbers + at * sizeof half, sizeof half);
  const uint32_t bits = (uint32_t)half << 16;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Stores a value that the format holds. Of bf16, what the other half of the bits says is lost. */
static inline void gauntlet_number_store(cardinal_format format, void *numbers, size_t at, float value) {
  if (format == CARDINAL_FORMAT_INT8) {
    ((signed char *)numbers)[at] = (signed char)value;
  } else if (format == CARDINAL_FORMAT_F32) {
    memcpy((char *)numbers + at * sizeof value, &value, sizeof value);
  } else {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t half = (uint16_t)(bits >> 16);
    memcpy((char *)numbers + at * sizeof half, &half, sizeof half);
  }
}

/* The nearest value that the format holds, with an even last bit in the middle: of bf16, subnormals included; of int8,
 * -127 to 127, of a value that isn't a NaN. */
float gauntlet_round(cardinal_format format, float value);

/* Zero of the same sign instead of a subnormal. */
static inline float gauntlet_flush(float value) {
  return fabsf(value) < FLT_MIN ? copysignf(0.0f, value) : value;
}

/* Writes numbers that no computation gives: signalling NaNs, and of int8 -128. `first` is the place of the first byte
 * among those of the numbers; it may lie inside one, and before them all. */
void gauntlet_canaries_write(cardinal_format format, char *bytes, size_t count, ptrdiff_t first);

/* Whether all these bytes are still what gauntlet_canaries_write has written. */
bool gauntlet_canaries_kept(cardinal_format format, const char *bytes, size_t count, ptrdiff_t first);

/* Whether number `at` is a canary. */
bool gauntlet_is_canary(cardinal_format format, const void *numbers, size_t at);

/* Whether two floats have the same bits, or are both NaN. */
bool gauntlet_same(float a, float b);

/* Index of the first of `count` numbers that isn't the same; `count` if all are. Canaries must keep their payload. */
size_t gauntlet_first_difference(cardinal_format format, const void *a, const void *b, size_t count);

#endif
