/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls to the C library that fail on demand. A program that is linked with faults.c has its own malloc, open, read and
 * so on, which whatever it calls finds before the C library's: the library, and libjpeg, libpng and jansson below it.
 */
#ifndef CARDINAL_TESTS_NET_FAULTS_H
#define CARDINAL_TESTS_NET_FAULTS_H

#include <stddef.h>

typedef enum fault_kind {
  FAULT_NONE,
  FAULT_MEMORY,     /* malloc, calloc, realloc, posix_memalign, aligned_alloc: there is none */
  FAULT_FILE,       /* open, fstat, read, pread, close: EIO */
  FAULT_INTERRUPT,  /* read, pread: EINTR, once */
  FAULT_SHORT,      /* read, pread: a single byte */
  FAULT_MEMORY_ENDS /* as FAULT_MEMORY, with all calls that follow */
} fault_kind;

typedef struct fault_counts {
  size_t calls;       /* of the kind, since fault_begin */
  size_t memory;      /* pieces of memory allocated since then and not freed */
  size_t descriptors; /* opened and not closed */
  size_t allocations; /* in all */
} fault_counts;

/* From here on the `at`-th call of the kind fails (from 1; 0: none does). */
void fault_begin(fault_kind kind, size_t at);

/* Nothing fails any more. */
fault_counts fault_end(void);

#endif
