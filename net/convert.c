/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/convert.h"

#include <stdint.h>
#include <string.h>

/* IEEE-754 binary16. Built from integers, because a caller may have set denormals to be flushed to zero. */
static uint32_t f16_bits(uint32_t half) {
  uint32_t sign = (half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 0x1F;
  uint32_t fraction = half & 0x3FF;
  if (exponent == 0x1F)
    return sign | 0x7F800000 | fraction << 13;
  if (exponent)
    return sign | (exponent + 127 - 15) << 23 | fraction << 13;
  if (!fraction)
    return sign;
  /* A denormal: fraction · 2^-24, normal in float. */
  uint32_t top = 31 - (uint32_t)__builtin_clz(fraction);
  return sign | (top + 127 - 24) << 23 | (fraction << (23 - top) & 0x7FFFFF);
}

static uint32_t load16(const unsigned char *from) {
  uint16_t bits;
  memcpy(&bits, from, sizeof bits);
  return bits;
}

static void store_bits(float *to, uint32_t bits) {
  memcpy(to, &bits, sizeof bits);
}

void cardinal_convert_f16(const unsigned char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++)
    store_bits(to + i, f16_bits(load16(from + 2 * i)));
}

void cardinal_convert_i8(const unsigned char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = (float)(int8_t)from[i];
}

void cardinal_convert_bf16(const unsigned char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++)
    store_bits(to + i, load16(from + 2 * i) << 16);
}
