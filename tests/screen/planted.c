/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linked in front of the library: a core that computes wrong, crashes, hangs or is slow, by the environment.
 *
 *   PLANTED_CPU=N       on which CPU, or "all"
 *   PLANTED_KERNEL=PART kernels in whose names PART occurs (default: all)
 *   PLANTED_NTH=N       with the N-th of their results (default 1), and with each one from there on if PLANTED_ALWAYS
 *   PLANTED_FLIP=I:B    bit B of output I, as it lies in memory, is flipped
 *   PLANTED_CRASH, PLANTED_HANG
 *   PLANTED_SPEED=RATIO each result of a layer is said to have taken a millisecond, on PLANTED_CPU one divided by RATIO
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cardinal/cardinal.h>

#include "tools/screen_work.h"

__typeof__(cardinal_plan_run) __real_cardinal_plan_run, __wrap_cardinal_plan_run;
__typeof__(screen_job_run) __real_screen_job_run, __wrap_screen_job_run;

static int on_planted_cpu(void) {
  const char *cpu = getenv("PLANTED_CPU");
  return cpu && (!strcmp(cpu, "all") || atoi(cpu) == sched_getcpu());
}

static int meant(const cardinal_plan *plan) {
  static long results;
  const char *kernel = getenv("PLANTED_KERNEL"), *nth = getenv("PLANTED_NTH");
  if (!on_planted_cpu() || (kernel && !strstr(cardinal_plan_kernel(plan), kernel)))
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
  const cardinal_status status = __real_cardinal_plan_run(plan, x, residual, y, scratch, error);
  if (!meant(plan))
    return status;
  flip(y);
  if (getenv("PLANTED_CRASH"))
    raise(SIGILL);
  if (getenv("PLANTED_HANG"))
    pause();
  return status;
}

cardinal_status __wrap_screen_job_run(screen_job *job, double *seconds, cardinal_error *error) {
  const cardinal_status status = __real_screen_job_run(job, seconds, error);
  const char *speed = getenv("PLANTED_SPEED");
  if (speed)
    *seconds = on_planted_cpu() ? 1e-3 / atof(speed) : 1e-3;
  return status;
}
