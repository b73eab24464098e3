/* SPDX-License-Identifier: BSD-3-Clause */
/* Number formats: sizes, and the conversions that the canonical order defines (kernels/kernel.h). */
#ifndef CARDINAL_KERNELS_FORMAT_H
#define CARDINAL_KERNELS_FORMAT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <cardinal/cardinal.h>

#include "kernels/inline.h"

enum {
  CARDINAL_CELL_BYTES = 4,
  /* The range of int8: symmetric; x of a convolution has no negative numbers. */
  CARDINAL_INT8_MOST = 127
};

typedef uint16_t cardinal_bf16; /* the upper half of a float's bits */

/* Bytes of a number. */
CARDINAL_INLINE size_t cardinal_format_bytes(cardinal_format format) {
  return format == CARDINAL_FORMAT_F32 ? sizeof(float) : format == CARDINAL_FORMAT_BF16 ? sizeof(cardinal_bf16) : 1;
}

/* The address of number `index`. */
CARDINAL_INLINE const void *cardinal_at(const void *numbers, cardinal_format format, size_t index) {
  return (const char *)numbers + index * cardinal_format_bytes(format);
}

CARDINAL_INLINE void *cardinal_place(void *numbers, cardinal_format format, size_t index) {
  return (char *)numbers + index * cardinal_format_bytes(format);
}

/* Channels of a cell. */
CARDINAL_INLINE size_t cardinal_cell_channels(cardinal_format format) {
  return CARDINAL_CELL_BYTES / cardinal_format_bytes(format);
}

/* Cells that so many channels need. */
CARDINAL_INLINE size_t cardinal_cells(cardinal_format format, size_t channels) {
  const size_t cell = cardinal_cell_channels(format);
  return channels / cell + (channels % cell != 0);
}

/* Denormal numbers become zeros of their sign. */
CARDINAL_INLINE float cardinal_flush(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (!(bits & 0x7F800000u))
    bits &= 0x80000000u;
  memcpy(&value, &bits, sizeof bits);
  return value;
}

CARDINAL_INLINE float cardinal_bf16_to_f32(cardinal_bf16 number) {
  const uint32_t bits = (uint32_t)number << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* To nearest, to even in the middle; a denormal float becomes a zero, a NaN a quiet one. */
CARDINAL_INLINE cardinal_bf16 cardinal_bf16_of_f32(float value) {
  value = cardinal_flush(value);
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
    return (cardinal_bf16)(bits >> 16 | 0x40u);
  return (cardinal_bf16)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/* To nearest, to even in the middle, of a value that isn't a NaN, lowered and raised to -127 to 127. */
CARDINAL_INLINE int8_t cardinal_int8_of_f32(float value) {
  const float most = (float)CARDINAL_INT8_MOST;
  value = value > -most ? value : -most;
  value = value < most ? value : most;
  return (int8_t)lrintf(value);
}

#endif
