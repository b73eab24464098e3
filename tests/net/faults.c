/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tests/net/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* glibc's allocator under its inner names. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

enum {
  MOST_PIECES = 1 << 16
};

static bool active;
static fault_kind kind;
static size_t fail_at;
static fault_counts counts;
static size_t open_before;
static void *pieces[MOST_PIECES]; /* a hash table of what was allocated; -1: a place that was freed */
static const uintptr_t freed = UINTPTR_MAX;

static bool is_due(fault_kind asked) {
  if (active && kind == FAULT_MEMORY_ENDS && asked == FAULT_MEMORY)
    return ++counts.calls >= fail_at && fail_at;
  return active && kind == asked && ++counts.calls == fail_at;
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void **place_of(const void *memory, bool for_new) {
  size_t at = ((uintptr_t)memory >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 48;
  for (size_t i = 0; i < MOST_PIECES; i++, at = (at + 1) % MOST_PIECES) {
    uintptr_t there = (uintptr_t)pieces[at];
    if (there == (uintptr_t)memory || (for_new && (!there || there == freed)))
      return &pieces[at];
    if (!there)
      return NULL;
  }
  abort();
}

static void *note(void *memory) {
  if (!active || !memory)
    return memory;
  *place_of(memory, true) = memory;
  counts.memory++;
  counts.allocations++;
  return memory;
}

static void forget(const void *memory) {
  void **place = memory ? place_of(memory, false) : NULL;
  if (!place)
    return;
  *place = (void *)freed;
  if (active)
    counts.memory--;
}

static void *refuse(void) {
  errno = ENOMEM;
  return NULL;
}

void *malloc(size_t bytes) {
  return is_due(FAULT_MEMORY) ? refuse() : note(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes) {
  return is_due(FAULT_MEMORY) ? refuse() : note(__libc_calloc(count, bytes));
}

void *realloc(void *memory, size_t bytes) {
  if (is_due(FAULT_MEMORY))
    return refuse();
  forget(memory);
  return note(__libc_realloc(memory, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  return is_due(FAULT_MEMORY) ? refuse() : note(__libc_memalign(alignment, bytes));
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  void *made = aligned_alloc(alignment, bytes);
  if (!made)
    return ENOMEM;
  *memory = made;
  return 0;
}

void free(void *memory) {
  forget(memory);
  __libc_free(memory);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* The C library's function of that name. */
static void *next(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found)
    abort();
  return found;
}

static bool file_fails(void) {
  if (!is_due(FAULT_FILE))
    return false;
  errno = EIO;
  return true;
}

int open(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  mode_t mode = 0;
  if (flags & O_CREAT) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (!real)
    *(void **)&real = next("open");
  return file_fails() ? -1 : real(path, flags, mode);
}

int close(int descriptor) {
  static int (*real)(int);
  if (!real)
    *(void **)&real = next("close");
  int result = real(descriptor); /* which is closed, whatever this says */
  return file_fails() ? -1 : result;
}

int fstat(int descriptor, struct stat *to) {
  static int (*real)(int, struct stat *);
  if (!real)
    *(void **)&real = next("fstat");
  return file_fails() ? -1 : real(descriptor, to);
}

/* How many bytes a call may read; -1: it fails. */
static ssize_t may_read(size_t bytes) {
  if (file_fails())
    return -1;
  if (is_due(FAULT_INTERRUPT)) {
    errno = EINTR;
    return -1;
  }
  return is_due(FAULT_SHORT) && bytes ? 1 : (ssize_t)bytes;
}

ssize_t read(int descriptor, void *to, size_t bytes) {
  static ssize_t (*real)(int, void *, size_t);
  if (!real)
    *(void **)&real = next("read");
  ssize_t allowed = may_read(bytes);
  return allowed < 0 ? -1 : real(descriptor, to, (size_t)allowed);
}

ssize_t pread(int descriptor, void *to, size_t bytes, off_t offset) {
  static ssize_t (*real)(int, void *, size_t, off_t);
  if (!real)
    *(void **)&real = next("pread");
  ssize_t allowed = may_read(bytes);
  return allowed < 0 ? -1 : real(descriptor, to, (size_t)allowed, offset);
}

/* ---- switching ----------------------------------------------------------------------------------------------- */

/* However they were opened: not all of it calls open. */
static size_t open_descriptors(void) {
  size_t open = 0;
  for (int descriptor = 0; descriptor < 64; descriptor++)
    open += fcntl(descriptor, F_GETFD) >= 0;
  return open;
}

void fault_begin(fault_kind new_kind, size_t at) {
  memset(pieces, 0, sizeof pieces);
  open_before = open_descriptors();
  counts = (fault_counts){0};
  kind = new_kind;
  fail_at = at;
  active = true;
}

fault_counts fault_end(void) {
  active = false;
  counts.descriptors = open_descriptors() - open_before;
  return counts;
}
