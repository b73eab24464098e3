/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  MARGIN = 64,
  SKEW = 3
}; /* floats; a skew of 12 bytes is aligned to no vector */

void *gauntlet_allocate(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) {
    perror("the gauntlet's data");
    abort();
  }
  return memory;
}

static const uint32_t canary_bits = 0x7F8A9A21;

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

float gauntlet_canary(void) {
  float value;
  memcpy(&value, &canary_bits, sizeof value);
  return value;
}

static void fill(float *begin, float *end) {
  for (; begin < end; ++begin)
    memcpy(begin, &canary_bits, sizeof *begin);
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
  *memory = (gauntlet_memory){.begin = (float *)(void *)(base + page), .capacity = bytes / sizeof(float)};
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
    munmap((char *)memory->begin - page, memory->capacity * sizeof(float) + 2 * page);
  *memory = (gauntlet_memory){0};
}

size_t gauntlet_memory_capacity(size_t floats) {
  return floats + 2 * MARGIN;
}

void gauntlet_memory_protect(const gauntlet_memory *memory, bool writable) {
  if (mprotect(memory->begin, memory->capacity * sizeof(float), writable ? PROT_READ | PROT_WRITE : PROT_READ) != 0) {
    perror("guarded memory");
    abort();
  }
}

bool gauntlet_memory_holds(const gauntlet_memory *memory, const void *address, ptrdiff_t *offset) {
  const uintptr_t at = (uintptr_t)address, page = page_bytes();
  const uintptr_t begin = (uintptr_t)memory->begin - page;
  if (!memory->begin || at < begin || at >= begin + memory->capacity * sizeof(float) + 2 * page)
    return false;
  *offset = (ptrdiff_t)(at - (uintptr_t)memory->data);
  return true;
}

float *gauntlet_memory_place(gauntlet_memory *memory, size_t floats, gauntlet_placement placement) {
  if (floats + 2 * MARGIN > memory->capacity) {
    fprintf(stderr, "a test wants %zu floats of guarded memory that has %zu\n", floats, memory->capacity);
    abort();
  }
  memory->floats = floats;
  switch (placement) {
  case GAUNTLET_AT_START:
    memory->data = memory->begin;
    break;
  case GAUNTLET_AT_END:
    memory->data = memory->begin + memory->capacity - floats;
    break;
  default:
    memory->data = memory->begin + MARGIN + SKEW;
  }
  float *const end = memory->begin + memory->capacity;
  float *const from = memory->data - memory->begin > MARGIN ? memory->data - MARGIN : memory->begin;
  float *const to = end - (memory->data + floats) > MARGIN ? memory->data + floats + MARGIN : end;
  fill(from, to);
  return memory->data;
}

bool gauntlet_memory_intact(const gauntlet_memory *memory) {
  const float *const end = memory->begin + memory->capacity;
  for (size_t i = 1; i <= MARGIN; ++i) {
    if (memory->data - memory->begin >= (ptrdiff_t)i && bits_of(memory->data[-(ptrdiff_t)i]) != canary_bits)
      return false;
    const float *after = memory->data + memory->floats + i - 1;
    if (after < end && bits_of(*after) != canary_bits)
      return false;
  }
  return true;
}

bool gauntlet_same(float a, float b) {
  const uint32_t a_bits = bits_of(a), b_bits = bits_of(b);
  return a_bits == b_bits || (a != a && b != b && a_bits != canary_bits && b_bits != canary_bits);
}

size_t gauntlet_first_difference(const float *a, const float *b, size_t floats) {
  if (memcmp(a, b, floats * sizeof(float)) == 0)
    return floats;
  size_t i = 0;
  while (i < floats && gauntlet_same(a[i], b[i]))
    ++i;
  return i;
}
