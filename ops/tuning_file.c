/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "ops/tuning_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/error.h"
#include "ops/sizes.h"

enum {
  MOST_BYTES = 32 << 20, /* more than CARDINAL_TUNING_SHAPES lines take */
};

/* Opens a regular file and tells its size; -1 with the reason. O_NONBLOCK: opening a FIFO must not wait. */
static int open_file(const char *path, size_t *bytes, char *reason, size_t size) {
  struct stat about;
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 || fstat(file, &about) != 0)
    snprintf(reason, size, "it can't be opened: %s", strerror(errno));
  else if (!S_ISREG(about.st_mode))
    snprintf(reason, size, "it is no regular file");
  else if (about.st_size > MOST_BYTES)
    snprintf(reason, size, "it has %lld bytes, at most %d are possible", (long long)about.st_size, MOST_BYTES);
  else {
    *bytes = (size_t)about.st_size;
    return file;
  }
  if (file >= 0)
    close(file);
  return -1;
}

/* Reads until `bytes` have come or the file ends; false with errno. */
static bool read_all(int file, char *text, size_t bytes) {
  size_t got = 0;
  while (got < bytes) {
    const ssize_t more = read(file, text + got, bytes - got);
    if (more < 0 && errno == EINTR)
      continue;
    if (more < 0)
      return false;
    if (more == 0)
      break;
    got += (size_t)more;
  }
  text[got] = '\0';
  return true;
}

/* What reading a file came to. */
typedef enum outcome {
  TAKEN,
  UNFIT,      /* it was read, and is of no use */
  UNREADABLE, /* the operating system refused */
  NO_MEMORY
} outcome;

static void *allocate(const cardinal_allocator *allocator, size_t bytes) {
  return allocator->allocate(allocator->user, bytes, CARDINAL_ALIGNMENT);
}

static void release(const cardinal_allocator *allocator, void *memory, size_t bytes) {
  if (memory)
    allocator->deallocate(allocator->user, memory, bytes);
}

static size_t row_bytes(size_t count) {
  return cardinal_max(count, 1) * sizeof(cardinal_tuned);
}

/* Makes rows of a text. */
static outcome take_text(const char *text, const cardinal_cpu_features *cpu, const cardinal_allocator *allocator,
                         cardinal_tuning_file *loaded, char *reason, size_t size) {
  cardinal_tuning_reader reader;
  size_t count;
  cardinal_tuned *rows = NULL;
  bool good = cardinal_tuning_open(&reader, text, cpu, &count);
  if (good) {
    rows = allocate(allocator, row_bytes(count));
    if (!rows)
      return NO_MEMORY;
    good = cardinal_tuning_read(&reader, rows, count);
  }
  if (good) {
    loaded->rows = rows;
    loaded->count = count;
    return TAKEN;
  }
  if (rows)
    release(allocator, rows, row_bytes(count));
  snprintf(reason, size, "%s", reader.reason);
  return UNFIT;
}

static outcome take_file(const char *path, const cardinal_cpu_features *cpu, const cardinal_allocator *allocator,
                         cardinal_tuning_file *loaded, char *reason, size_t size) {
  size_t bytes;
  const int file = open_file(path, &bytes, reason, size);
  if (file < 0)
    return UNREADABLE;
  char *text = allocate(allocator, bytes + 1);
  outcome came = NO_MEMORY;
  if (text) {
    came = UNREADABLE;
    if (!read_all(file, text, bytes))
      snprintf(reason, size, "it can't be read: %s", strerror(errno));
    else
      came = take_text(text, cpu, allocator, loaded, reason, size);
  }
  close(file);
  release(allocator, text, bytes + 1);
  return came;
}

cardinal_status cardinal_tuning_file_load(const char *function, const char *path, bool read_environment,
                                          const cardinal_cpu_features *cpu, const cardinal_allocator *allocator,
                                          cardinal_tuning_file *loaded, cardinal_error *error) {
  const bool demanded = path != NULL;
  *loaded = (cardinal_tuning_file){.count = 0};
  /* secure_: a program that runs with other rights than its user's must not be made to read files for that user. */
  if (!path && read_environment)
    path = secure_getenv("CARDINAL_TUNING");
  if (!path || !*path)
    return CARDINAL_OK;
  char reason[CARDINAL_TUNING_REASON_BYTES], note[CARDINAL_TUNING_REASON_BYTES + 64];
  const outcome came = take_file(path, cpu, allocator, loaded, reason, sizeof reason);
  if (came == UNREADABLE && demanded)
    return cardinal_fail(error, CARDINAL_IO_ERROR, "%s: tuning: %s: %s", function, path, reason);
  if (came == TAKEN)
    snprintf(note, sizeof note, "in use for %zu shape%s", loaded->count, loaded->count == 1 ? "" : "s");
  else if (came != NO_MEMORY)
    snprintf(note, sizeof note, "ignored: %s", reason);
  if (came != NO_MEMORY) {
    const size_t bytes = strlen(path) + strlen(": ") + strlen(note) + 1;
    loaded->note = allocate(allocator, bytes);
    if (loaded->note) {
      snprintf(loaded->note, bytes, "%s: %s", path, note);
      return CARDINAL_OK;
    }
  }
  cardinal_tuning_file_free(loaded, allocator);
  return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the tuning file %s", function, path);
}

void cardinal_tuning_file_free(const cardinal_tuning_file *loaded, const cardinal_allocator *allocator) {
  release(allocator, loaded->rows, row_bytes(loaded->count));
  if (loaded->note)
    release(allocator, loaded->note, strlen(loaded->note) + 1);
}
