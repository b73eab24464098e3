/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic on sizes. */
#ifndef CARDINAL_OPS_SIZES_H
#define CARDINAL_OPS_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CARDINAL_ALIGNMENT = 64 /* bytes; a cache line, and the widest vector */
};

static inline size_t cardinal_ceil_div(size_t a, size_t b) {
  return (a + b - 1) / b;
}

static inline size_t cardinal_min(size_t a, size_t b) {
  return a < b ? a : b;
}

static inline size_t cardinal_max(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Bytes rounded up to whole lines. */
static inline size_t cardinal_whole_lines(size_t bytes) {
  return cardinal_ceil_div(bytes, CARDINAL_ALIGNMENT) * CARDINAL_ALIGNMENT;
}

/* The first aligned byte at `memory` or behind it. */
static inline char *cardinal_align(void *memory) {
  return (char *)memory + (CARDINAL_ALIGNMENT - (uintptr_t)memory % CARDINAL_ALIGNMENT) % CARDINAL_ALIGNMENT;
}

/* *product *= factor; false, and *product unchanged, if that doesn't fit. */
static inline bool cardinal_multiply(size_t *product, size_t factor) {
  return !__builtin_mul_overflow(*product, factor, product);
}

#endif
