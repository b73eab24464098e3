/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/arena.h"

#include <stdlib.h>

static int larger_first(const void *a, const void *b) {
  const cardinal_buffer *one = *(cardinal_buffer *const *)a, *other = *(cardinal_buffer *const *)b;
  if (one->bytes != other->bytes)
    return one->bytes > other->bytes ? -1 : 1;
  return (one->first > other->first) - (one->first < other->first);
}

static int lower_first(const void *a, const void *b) {
  const cardinal_buffer *one = *(cardinal_buffer *const *)a, *other = *(cardinal_buffer *const *)b;
  return (one->offset > other->offset) - (one->offset < other->offset);
}

static size_t align(size_t bytes) {
  return (bytes + CARDINAL_ARENA_ALIGNMENT - 1) / CARDINAL_ARENA_ALIGNMENT * CARDINAL_ARENA_ALIGNMENT;
}

/* The lowest offset that is free while `buffer` lives; `placed` is sorted by offset. */
static size_t lowest_free(cardinal_buffer *const *placed, size_t count, const cardinal_buffer *buffer) {
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    const cardinal_buffer *other = placed[i];
    if (other->last < buffer->first || other->first > buffer->last)
      continue;
    if (offset + buffer->bytes <= other->offset)
      return offset;
    size_t end = align(other->offset + other->bytes);
    offset = end > offset ? end : offset;
  }
  return offset;
}

cardinal_status cardinal_arena_plan(cardinal_buffer *buffers, size_t count, size_t *bytes) {
  /* If all of them side by side fit size_t, so does every sum below. */
  size_t total = 0;
  for (size_t i = 0; i < count; i++)
    if (__builtin_add_overflow(total, buffers[i].bytes, &total) ||
        __builtin_add_overflow(total, CARDINAL_ARENA_ALIGNMENT, &total))
      return CARDINAL_OVERFLOW;
  cardinal_buffer **order = malloc((count + 1) * sizeof *order);
  if (!order)
    return CARDINAL_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++)
    order[i] = &buffers[i];
  qsort(order, count, sizeof *order, larger_first);

  size_t end = 0;
  for (size_t i = 0; i < count; i++) {
    order[i]->offset = lowest_free(order, i, order[i]);
    if (order[i]->offset + order[i]->bytes > end)
      end = order[i]->offset + order[i]->bytes;
    qsort(order, i + 1, sizeof *order, lower_first);
  }
  free(order);
  *bytes = end;
  return CARDINAL_OK;
}
