/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tests/fuzz/input.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t fuzz_u64(fuzz_input *input) {
  uint64_t value = 0;
  const size_t taken = input->size < sizeof value ? input->size : sizeof value;
  if (taken)
    memcpy(&value, input->bytes, taken);
  input->bytes += taken;
  input->size -= taken;
  return value;
}

int64_t fuzz_between(fuzz_input *input, int64_t least, int64_t most) {
  const uint64_t values = (uint64_t)most - (uint64_t)least + 1; /* 0: all of them */
  if (values == 0 || values > 256)
    return (int64_t)((uint64_t)least + (values ? fuzz_u64(input) % values : fuzz_u64(input)));
  if (input->size == 0)
    return least;
  input->size--;
  return least + (int64_t)(*input->bytes++ % values);
}

void *fuzz_struct(fuzz_input *input) {
  enum {
    LONGEST = 512
  };
  const uint32_t claimed = (uint32_t)(fuzz_between(input, 0, 255) * LONGEST / 256);
  char *made = calloc(claimed > sizeof claimed ? claimed : sizeof claimed, 1);
  if (!made)
    fuzz_wrong("no memory for a struct");
  if (claimed > sizeof claimed)
    memcpy(made + sizeof claimed, input->bytes,
           input->size < claimed - sizeof claimed ? input->size : claimed - sizeof claimed);
  memcpy(made, &claimed, sizeof claimed);
  return made;
}

const char *fuzz_file(const void *bytes, size_t size, size_t zeros) {
  static char path[48];
  static int file = -1;
  if (file < 0) {
    file = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  }
  if (file < 0 || ftruncate(file, 0) || pwrite(file, bytes, size, 0) != (ssize_t)size ||
      ftruncate(file, (off_t)(size + zeros))) {
    perror("a file in memory");
    abort();
  }
  return path;
}

static void one_after_the_other(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  for (size_t i = tasks; i-- > 0;)
    task(argument, i);
}

const cardinal_context *fuzz_context(cardinal_isa isa, uint32_t threads, int serial) {
  enum {
    MOST_THREADS = 8
  };
  static cardinal_context *kept[CARDINAL_ISA_COUNT][MOST_THREADS + 1][2];
  cardinal_context **context = &kept[isa][threads][serial != 0];
  if (*context)
    return *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = cardinal_isa_name(isa);
  desc.threads = threads;
  desc.parallel_for = serial ? one_after_the_other : NULL;
  cardinal_error error;
  const cardinal_status status = cardinal_context_create(&desc, context, &error);
  if (status && status != CARDINAL_UNSUPPORTED)
    fuzz_wrong("no context: %s", error.message);
  return *context;
}

void fuzz_wrong(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("wrong: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}

void fuzz_check_error(cardinal_status status, const cardinal_error *error) {
  if (status == CARDINAL_OK || error->status != status)
    fuzz_wrong("a call returned status %d and left an error of status %d", (int)status, (int)error->status);
  if (!memchr(error->message, '\0', sizeof error->message) || !error->message[0])
    fuzz_wrong("status %d without a sentence", (int)status);
}
