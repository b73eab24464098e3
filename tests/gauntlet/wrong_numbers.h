/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of bf16 and int8 for plug-ins of the tests, written from the public headers alone. */
#ifndef CARDINAL_TESTS_GAUNTLET_WRONG_NUMBERS_H
#define CARDINAL_TESTS_GAUNTLET_WRONG_NUMBERS_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cardinal/cardinal.h>

static inline float flush(float value) {
  return fabsf(value) < FLT_MIN ? copysignf(0.0f, value) : value;
}

/* To the nearest, or wrongly towards zero. */
static inline uint16_t bf16_of(float value, bool truncates) {
  uint32_t bits;
  value = flush(value);
  memcpy(&bits, &value, sizeof bits);
  if (isnan(value))
    return 0x7FC0;
  return (uint16_t)((truncates ? bits : bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

static inline float of_bf16(uint16_t number) {
  const uint32_t bits = (uint32_t)number << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Number `at` of a tensor. */
static inline float number(cardinal_format format, const void *tensor, int64_t at) {
  switch (format) {
  case CARDINAL_FORMAT_BF16:
    return of_bf16(((const uint16_t *)tensor)[at]);
  case CARDINAL_FORMAT_INT8:
    return (float)((const int8_t *)tensor)[at];
  default:
    return ((const float *)tensor)[at];
  }
}

/* Rounds a value to number `at`; where int8 ends is `least` and 127. */
static inline void store(cardinal_format format, void *tensor, int64_t at, float value, bool truncates, float least) {
  if (format == CARDINAL_FORMAT_BF16) {
    ((uint16_t *)tensor)[at] = bf16_of(value, truncates);
  } else if (format == CARDINAL_FORMAT_INT8) {
    value = fminf(fmaxf(value, least), 127.0f);
    ((int8_t *)tensor)[at] = (int8_t)(truncates ? truncf(value) : nearbyintf(value));
  } else {
    ((float *)tensor)[at] = value;
  }
}

#endif
