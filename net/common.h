/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of net/ share: errors in words, checked sizes, public structs of other versions. */
#ifndef CARDINAL_NET_COMMON_H
#define CARDINAL_NET_COMMON_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>

/* Fills `error` (which may be NULL) as printf would. Names out of files may be among the arguments: control characters
 * in the message become question marks. */
void cardinal_net_explain(cardinal_error *error, cardinal_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, and gives `status`, which is named twice: `return cardinal_net_fail(...)`. A macro, so that compilers and
 * analysers see that it isn't 0. */
#define cardinal_net_fail(error, status, ...) (cardinal_net_explain((error), (status), __VA_ARGS__), (status))

/* Copies a caller's struct of `struct_size` bytes (its first field) into `to` of `known` bytes. It must have the
 * `least` bytes of the first release; what it lacks stays in `to` as it was, and what this version doesn't know must be
 * zero. */
cardinal_status cardinal_net_take(void *to, size_t known, size_t least, const void *from, const char *what,
                                  cardinal_error *error);

/* Checks that a caller's struct can be filled: it states a size, at least that of the first release. */
cardinal_status cardinal_net_check_room(const void *to, size_t least, const char *what, cardinal_error *error);

/* Fills a caller's struct that has been checked: no byte past its struct_size, which stays; what this version doesn't
 * know becomes zero. */
void cardinal_net_give(void *to, const void *from, size_t known);

/* a * b into *product; false on overflow. */
static inline bool cardinal_net_multiply(size_t a, size_t b, size_t *product) {
  return !__builtin_mul_overflow(a, b, product);
}

#endif /* CARDINAL_NET_COMMON_H */
