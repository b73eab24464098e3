/* SPDX-License-Identifier: BSD-3-Clause */
/* Preloaded into the program, lets a function by which results are written fail: CARDINAL_TEST_FAIL is its name, such
 * as "fsync". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fails(const char *function) {
  const char *chosen = getenv("CARDINAL_TEST_FAIL");
  if (!chosen || strcmp(chosen, function))
    return false;
  errno = EIO;
  return true;
}

static void *next(const char *function) {
  void *found = dlsym(RTLD_NEXT, function);
  if (!found)
    abort();
  return found;
}

int mkostemp(char *template, int flags) {
  int (*real)(char *, int);
  *(void **)&real = next("mkostemp");
  return fails("mkostemp") ? -1 : real(template, flags);
}

int fchmod(int descriptor, mode_t mode) {
  int (*real)(int, mode_t);
  *(void **)&real = next("fchmod");
  return fails("fchmod") ? -1 : real(descriptor, mode);
}

int fchown(int descriptor, uid_t owner, gid_t group) {
  int (*real)(int, uid_t, gid_t);
  *(void **)&real = next("fchown");
  return fails("fchown") ? -1 : real(descriptor, owner, group);
}

FILE *fdopen(int descriptor, const char *mode) {
  FILE *(*real)(int, const char *);
  *(void **)&real = next("fdopen");
  return fails("fdopen") ? NULL : real(descriptor, mode);
}

char *realpath(const char *path, char *resolved) {
  char *(*real)(const char *, char *);
  *(void **)&real = next("realpath");
  return fails("realpath") ? NULL : real(path, resolved);
}

int fsync(int descriptor) {
  int (*real)(int);
  *(void **)&real = next("fsync");
  return fails("fsync") ? -1 : real(descriptor);
}

int fclose(FILE *stream) {
  int (*real)(FILE *);
  *(void **)&real = next("fclose");
  const int result = real(stream); /* which is closed, whatever this says */
  return fails("fclose") ? EOF : result;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *);
  *(void **)&real = next("rename");
  return fails("rename") ? -1 : real(from, to);
}
