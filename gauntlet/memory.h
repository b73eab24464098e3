/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory in which a kernel's stray reads crash and stray writes show. */
#ifndef CARDINAL_GAUNTLET_MEMORY_H
#define CARDINAL_GAUNTLET_MEMORY_H

#include <stdint.h>

#include "gauntlet/number.h"

/* `count` zeroed elements of `size` bytes, to be freed; without memory the process ends, as there is nothing to judge.
 */
__attribute__((returns_nonnull)) void *gauntlet_allocate(size_t count, size_t size);

/* Where data lie in their memory: right behind the lower guard page, right before the upper one, or in between, aligned
 * to a number only. */
typedef enum gauntlet_placement {
  GAUNTLET_AT_START,
  GAUNTLET_AT_END,
  GAUNTLET_ASKEW,
  GAUNTLET_PLACEMENTS
} gauntlet_placement;

/* A stretch of memory between two pages that can't be touched. */
typedef struct gauntlet_memory {
  char *begin;
  size_t capacity; /* bytes */
  void *data;
  size_t bytes;           /* of the data */
  cardinal_format format; /* of the data and the canaries */
} gauntlet_memory;

/* Room for `capacity` floats, until the process ends or gauntlet_memory_free. */
void gauntlet_memory_init(gauntlet_memory *memory, size_t capacity);

/* The same, shared with the processes that this one forks; false if there is no memory. */
bool gauntlet_memory_init_shared(gauntlet_memory *memory, size_t capacity);
void gauntlet_memory_free(gauntlet_memory *memory);

/* The capacity in floats that `floats` floats need at any placement. */
size_t gauntlet_memory_capacity(size_t floats);

/* Lets the process write the memory, guard pages apart, or only read it. */
void gauntlet_memory_protect(const gauntlet_memory *memory, bool writable);

/* Whether an address lies in the memory or its guard pages; then *offset is its distance in bytes from the data. */
bool gauntlet_memory_holds(const gauntlet_memory *memory, const void *address, ptrdiff_t *offset);

/* Where the next data of `count` numbers lie; what they hold is canaries, as is what lies around them. */
__attribute__((returns_nonnull)) void *gauntlet_memory_place_numbers(gauntlet_memory *memory, cardinal_format format,
                                                                     size_t count, gauntlet_placement placement);

/* The same for f32. */
__attribute__((returns_nonnull)) float *gauntlet_memory_place(gauntlet_memory *memory, size_t floats,
                                                              gauntlet_placement placement);

/* Whether the canaries around the data are untouched. */
bool gauntlet_memory_intact(const gauntlet_memory *memory);

#endif
