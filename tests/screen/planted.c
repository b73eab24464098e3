/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linked in front of the library: a core that computes wrong, crashes, hangs or is slow, by the environment.
 *
 *   PLANTED_CPU=N       on which CPU, or "all"
 *   PLANTED_KERNEL=PART kernels in whose names PART occurs (default: all)
 *   PLANTED_NTH=N       with the N-th of their results (default 1), and with each one from there on if PLANTED_ALWAYS
 *   PLANTED_FLIP=I:B    bit B of output I, as it lies in memory, is flipped
 *   PLANTED_CRASH, PLANTED_HANG, PLANTED_SPIN (takes as long again, and more)
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cardinal/cardinal.h>

__typeof__(cardinal_plan_run) __real_cardinal_plan_run, __wrap_cardinal_plan_run;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int meant(const cardinal_plan *plan) {
  static long results;
  const char *cpu = getenv("PLANTED_CPU"), *kernel = getenv("PLANTED_KERNEL"), *nth = getenv("PLANTED_NTH");
  if (!cpu || (strcmp(cpu, "all") && atoi(cpu) != sched_getcpu()) ||
      (kernel && !strstr(cardinal_plan_kernel(plan), kernel)))
    return 0;
  const long wanted = nth ? atol(nth) : 1;
  ++results;
  return getenv("PLANTED_ALWAYS") ? results >= wanted : results == wanted;
}

static void flip(float *y) {
  unsigned long index;
  unsigned bit;
  const char *what = getenv("PLANTED_FLIP");
  if (!what || sscanf(what, "%lu:%u", &index, &bit) != 2)
    return;
  uint32_t bits;
  memcpy(&bits, y + index, sizeof bits);
  bits ^= UINT32_C(1) << bit;
  memcpy(y + index, &bits, sizeof bits);
}

cardinal_status __wrap_cardinal_plan_run(const cardinal_plan *plan, const void *x, const void *residual, void *y,
                                         void *scratch, cardinal_error *error) {
  const double start = now();
  const cardinal_status status = __real_cardinal_plan_run(plan, x, residual, y, scratch, error);
  if (!meant(plan))
    return status;
  flip(y);
  if (getenv("PLANTED_CRASH"))
    raise(SIGILL);
  if (getenv("PLANTED_HANG"))
    pause();
  if (getenv("PLANTED_SPIN"))
    for (const double end = now() + 3 * (now() - start); now() < end;)
      continue;
  return status;
}
