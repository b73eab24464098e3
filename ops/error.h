/* SPDX-License-Identifier: BSD-3-Clause */
/* Filling a cardinal_error, and arithmetic on sizes that may not fit. */
#ifndef CARDINAL_OPS_ERROR_H
#define CARDINAL_OPS_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>

/* Fills *error (if not NULL) as printf would, and returns status. */
__attribute__((format(printf, 3, 4))) cardinal_status cardinal_fail(cardinal_error *error, cardinal_status status,
                                                                    const char *format, ...);

/* *product *= factor; false, and *product unchanged, if that doesn't fit. */
static inline bool cardinal_multiply(size_t *product, size_t factor) {
  return !__builtin_mul_overflow(*product, factor, product);
}

#endif
