/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of net/ share: errors in words, checked sizes, descriptor structs of other versions. */
#ifndef CARDINAL_NET_COMMON_H
#define CARDINAL_NET_COMMON_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>

/* Fills `error` (which may be NULL) and returns `status`, so that a caller can write `return cardinal_net_fail(...)`.
 */
cardinal_status cardinal_net_fail(cardinal_error *error, cardinal_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies a caller's descriptor of `struct_size` bytes (its first field) into `to` of `known` bytes, after the library's
 * rule: a shorter one leaves the rest of `to` as it was, a longer one must be zero past what this version knows. */
cardinal_status cardinal_net_copy_desc(void *to, size_t known, const void *from, const char *what,
                                       cardinal_error *error);

/* a * b into *product; false on overflow. */
static inline bool cardinal_net_multiply(size_t a, size_t b, size_t *product) {
  return !__builtin_mul_overflow(a, b, product);
}

#endif /* CARDINAL_NET_COMMON_H */
