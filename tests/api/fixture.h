/* SPDX-License-Identifier: BSD-3-Clause */
/* What the suites of descriptors share: a context on one thread, and sizes out of their range. */
#ifndef CARDINAL_TESTS_API_FIXTURE_H
#define CARDINAL_TESTS_API_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

/* Made by fixture_start, destroyed by fixture_stop. */
extern cardinal_context *fixture_context;
void fixture_start(void);
void fixture_stop(void);

/* A size among a descriptor's fields, and the least that it may be. */
typedef struct fixture_size {
  const char *name;
  size_t offset;
  int64_t least;
} fixture_size;

/* Puts numbers out of its range into each of the fields of a copy of `good`, a descriptor of `bytes` bytes, and hands
 * it to `refuse` with the field's name and with the number, of which each must be in the message. */
void fixture_spoil_sizes(const fixture_size *sizes, size_t count, const void *good, size_t bytes,
                         void (*refuse)(const void *desc, const char *word));

#endif
