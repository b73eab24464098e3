/* SPDX-License-Identifier: BSD-3-Clause */
/* Planning one piece of memory for buffers that live at different times. */
#ifndef CARDINAL_NET_ARENA_H
#define CARDINAL_NET_ARENA_H

#include <stddef.h>

#include <cardinal/cardinal.h>

enum {
  CARDINAL_ARENA_ALIGNMENT = 64
};

/* A buffer in use from step `first` to step `last`, both included. */
typedef struct cardinal_buffer {
  size_t bytes;
  size_t first, last;
  size_t offset; /* the result: a multiple of CARDINAL_ARENA_ALIGNMENT */
} cardinal_buffer;

/* Places the buffers so that no two that are in use at the same step overlap: the largest first, each at the lowest
 * free offset. *bytes is where the last one ends. CARDINAL_OVERFLOW if a size doesn't fit size_t,
 * CARDINAL_OUT_OF_MEMORY. */
cardinal_status cardinal_arena_plan(cardinal_buffer *buffers, size_t count, size_t *bytes);

#endif /* CARDINAL_NET_ARENA_H */
