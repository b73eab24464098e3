/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/format.h"

enum {
  MARGIN = 256, /* bytes */
  SKEW = 3      /* numbers: aligned to no vector, nor to two numbers */
};

void *gauntlet_allocate(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) {
    perror("the gauntlet's data");
    abort();
  }
  return memory;
}

static size_t page_bytes(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

static bool map(gauntlet_memory *memory, size_t capacity, int sharing) {
  const size_t page = page_bytes();
  const size_t bytes = (capacity * sizeof(float) + page - 1) / page * page;
  char *base = mmap(NULL, bytes + 2 * page, PROT_NONE, sharing | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return false;
  if (mprotect(base + page, bytes, PROT_READ | PROT_WRITE) != 0) {
    munmap(base, bytes + 2 * page);
    return false;
  }
  *memory = (gauntlet_memory){.begin = base + page, .capacity = bytes};
  gauntlet_memory_place(memory, 0, GAUNTLET_AT_START);
  return true;
}

void gauntlet_memory_init(gauntlet_memory *memory, size_t capacity) {
  if (!map(memory, capacity, MAP_PRIVATE)) {
    perror("guarded memory");
    abort();
  }
}

bool gauntlet_memory_init_shared(gauntlet_memory *memory, size_t capacity) {
  return map(memory, capacity, MAP_SHARED);
}

void gauntlet_memory_free(gauntlet_memory *memory) {
  const size_t page = page_bytes();
  if (memory->begin)
    munmap(memory->begin - page, memory->capacity + 2 * page);
  *memory = (gauntlet_memory){0};
}

size_t gauntlet_memory_capacity(size_t floats) {
  return floats + 2 * MARGIN / sizeof(float);
}

void gauntlet_memory_protect(const gauntlet_memory *memory, bool writable) {
  if (mprotect(memory->begin, memory->capacity, writable ? PROT_READ | PROT_WRITE : PROT_READ) != 0) {
    perror("guarded memory");
    abort();
  }
}

bool gauntlet_memory_holds(const gauntlet_memory *memory, const void *address, ptrdiff_t *offset) {
  const uintptr_t at = (uintptr_t)address, page = page_bytes();
  const uintptr_t begin = (uintptr_t)memory->begin - page;
  if (!memory->begin || at < begin || at >= begin + memory->capacity + 2 * page)
    return false;
  *offset = (ptrdiff_t)(at - (uintptr_t)memory->data);
  return true;
}

static char *end_of(const gauntlet_memory *memory) {
  return memory->begin + memory->capacity;
}

/* The margins before and after the data, as far as there is room. */
static size_t margin_before(const gauntlet_memory *memory) {
  const size_t room = (size_t)((char *)memory->data - memory->begin);
  return room < MARGIN ? room : MARGIN;
}

static size_t margin_after(const gauntlet_memory *memory) {
  const size_t room = (size_t)(end_of(memory) - (char *)memory->data) - memory->bytes;
  return room < MARGIN ? room : MARGIN;
}

void *gauntlet_memory_place_numbers(gauntlet_memory *memory, cardinal_format format, size_t count,
                                    gauntlet_placement placement) {
  const size_t number = cardinal_format_bytes(format), bytes = count * number;
  if (bytes + 2 * (size_t)MARGIN > memory->capacity) {
    fprintf(stderr, "a test wants %zu bytes of guarded memory that has %zu\n", bytes, memory->capacity);
    abort();
  }
  memory->bytes = bytes;
  memory->format = format;
  switch (placement) {
  case GAUNTLET_AT_START:
    memory->data = memory->begin;
    break;
  case GAUNTLET_AT_END:
    memory->data = end_of(memory) - bytes;
    break;
  default:
    memory->data = memory->begin + MARGIN + SKEW * number;
  }
  const size_t before = margin_before(memory);
  gauntlet_canaries_write(format, (char *)memory->data - before, before + bytes + margin_after(memory),
                          -(ptrdiff_t)before);
  return memory->data;
}

float *gauntlet_memory_place(gauntlet_memory *memory, size_t floats, gauntlet_placement placement) {
  return gauntlet_memory_place_numbers(memory, CARDINAL_FORMAT_F32, floats, placement);
}

bool gauntlet_memory_intact(const gauntlet_memory *memory) {
  const size_t before = margin_before(memory);
  const char *data = memory->data;
  return gauntlet_canaries_kept(memory->format, data - before, before, -(ptrdiff_t)before) &&
         gauntlet_canaries_kept(memory->format, data + memory->bytes, margin_after(memory), (ptrdiff_t)memory->bytes);
}
