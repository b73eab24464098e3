/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into programs that run under qemu-user: an execve() of theirs stays inside the emulator.
 *
 * Criterion runs each test in a process of its own, which it starts by execve(). qemu-user hands that call to the
 * host's kernel as it is, so that an aarch64 program fails to start, and an x86-64 program starts natively, outside
 * the emulated CPU, where a test of "no AVX-512 instruction is executed" would pass whatever is executed. Here the
 * call is rewritten to start the emulator on the program. The emulator's other settings (QEMU_CPU, QEMU_LD_PREFIX)
 * are environment variables and are inherited.
 *
 *   CARDINAL_EMULATOR  path of the emulator; without it nothing is changed
 *   LD_PRELOAD         this library; handed on by -E, because the emulator itself is of another architecture
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the program that was started, before it could change its environment. */
static char emulator[4096];
static char preload[4096 + sizeof "LD_PRELOAD="];

__attribute__((constructor)) static void remember_settings(void) {
  const char *path = getenv("CARDINAL_EMULATOR");
  const char *library = getenv("LD_PRELOAD");
  if (path != NULL && library != NULL && strlen(path) < sizeof emulator && strlen(library) < 4096) {
    memcpy(emulator, path, strlen(path) + 1);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
  }
}

static size_t count(char *const list[]) {
  size_t n = 0;
  while (list[n] != NULL)
    n++;
  return n;
}

/* After fork() in a program with threads only async-signal-safe functions are allowed: no malloc() here. */
int execve(const char *path, char *const arguments[], char *const environment[]) {
  if (emulator[0] == '\0')
    return (int)syscall(SYS_execve, path, arguments, environment);

  enum {
    ADDED = 6
  }; /* emulator, -0, its value, -E, its value, program */
  size_t n_arguments = count(arguments), n_environment = count(environment);
  if (n_arguments == 0 || n_arguments > 4096 || n_environment > 4096) {
    errno = E2BIG;
    return -1;
  }
  const char *longer[4096 + ADDED + 1];
  size_t n = 0;
  longer[n++] = emulator;
  longer[n++] = "-0";
  longer[n++] = arguments[0];
  longer[n++] = "-E";
  longer[n++] = preload;
  longer[n++] = path;
  for (size_t i = 1; i <= n_arguments; i++)
    longer[n++] = arguments[i];

  const char *without_preload[4096 + 1];
  n = 0;
  for (size_t i = 0; i < n_environment; i++)
    if (strncmp(environment[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0)
      without_preload[n++] = environment[i];
  without_preload[n] = NULL;
  return (int)syscall(SYS_execve, emulator, longer, without_preload);
}
