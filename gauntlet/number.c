/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/number.h"

#include "kernels/format.h"

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* To 8 bits of significand, from the smallest normal number's exponent on in equal steps. What leaves the range is
 * infinite. */
static float round_to_bf16(float value) {
  if (!isfinite(value))
    return isnan(value) ? NAN : value;
  int exponent;
  frexp((double)value, &exponent);
  const double unit = ldexp(1.0, (exponent < FLT_MIN_EXP ? FLT_MIN_EXP : exponent) - 8);
  const double rounded = nearbyint((double)value / unit) * unit;
  return fabs(rounded) > (double)FLT_MAX ? copysignf(INFINITY, value) : copysignf((float)fabs(rounded), value);
}

float gauntlet_round(cardinal_format format, float value) {
  switch (format) {
  case CARDINAL_FORMAT_BF16:
    return round_to_bf16(value);
  case CARDINAL_FORMAT_INT8:
    return nearbyintf(fminf(fmaxf(value, -127.0f), 127.0f)) + 0.0f; /* int8 has one zero */
  default:
    return value;
  }
}

/* ---- canaries ------------------------------------------------------------------------------------------------- */

/* Little-endian. A bf16 NaN is quiet by bit 6, a float's by bit 22. */
static const unsigned char f32_canary[4] = {0x21, 0x9A, 0x8A, 0x7F}, bf16_canary[2] = {0xA1, 0x7F},
                           int8_canary[1] = {0x80};

/* The byte of a canary at place `first` among the bytes of numbers, which may be negative. */
static char canary_byte(cardinal_format format, ptrdiff_t first) {
  const unsigned char *canary = format == CARDINAL_FORMAT_F32    ? f32_canary
                                : format == CARDINAL_FORMAT_BF16 ? bf16_canary
                                                                 : int8_canary;
  return (char)canary[(size_t)first % cardinal_format_bytes(format)]; /* a power of two divides what wraps */
}

void gauntlet_canaries_write(cardinal_format format, char *bytes, size_t count, ptrdiff_t first) {
  for (size_t i = 0; i < count; ++i)
    bytes[i] = canary_byte(format, first + (ptrdiff_t)i);
}

bool gauntlet_canaries_kept(cardinal_format format, const char *bytes, size_t count, ptrdiff_t first) {
  for (size_t i = 0; i < count; ++i)
    if (bytes[i] != canary_byte(format, first + (ptrdiff_t)i))
      return false;
  return true;
}

bool gauntlet_is_canary(cardinal_format format, const void *numbers, size_t at) {
  const size_t bytes = cardinal_format_bytes(format);
  return gauntlet_canaries_kept(format, (const char *)numbers + at * bytes, bytes, 0);
}

/* ---- comparing ------------------------------------------------------------------------------------------------ */

bool gauntlet_same(float a, float b) {
  if (bits_of(a) == bits_of(b))
    return true;
  return a != a && b != b && !gauntlet_is_canary(CARDINAL_FORMAT_F32, &a, 0) &&
         !gauntlet_is_canary(CARDINAL_FORMAT_F32, &b, 0);
}

/* In floats, bf16's canaries lose themselves in other NaNs: their own bytes tell them. */
static bool same_numbers(cardinal_format format, const void *a, const void *b, size_t at) {
  return gauntlet_same(gauntlet_number(format, a, at), gauntlet_number(format, b, at)) &&
         gauntlet_is_canary(format, a, at) == gauntlet_is_canary(format, b, at);
}

size_t gauntlet_first_difference(cardinal_format format, const void *a, const void *b, size_t count) {
  if (memcmp(a, b, count * cardinal_format_bytes(format)) == 0)
    return count;
  size_t i = 0;
  while (i < count && same_numbers(format, a, b, i))
    ++i;
  return i;
}
