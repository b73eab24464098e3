/* SPDX-License-Identifier: BSD-3-Clause */
/* What Linux tells of single CPUs: where they are, their microcode, temperature and clock. `root` is "" or a folder
 * that stands for the root of the file system. */
#ifndef CARDINAL_TOOLS_SCREEN_MACHINE_H
#define CARDINAL_TOOLS_SCREEN_MACHINE_H

#include <stddef.h>

#include "dispatch/cpu_set.h"

typedef struct screen_cpu {
  unsigned cpu;       /* as the kernel numbers it */
  int core, package;  /* -1: unknown */
  char microcode[24]; /* "": unknown */
} screen_cpu;

/* Of each core the first CPU that is in the set; returns how many, at most `most`. */
size_t screen_cpus_of_cores(const char *root, const cardinal_cpu_set *set, unsigned *cpus, size_t most);

void screen_cpu_describe(const char *root, unsigned cpu, screen_cpu *to);

/* The hottest of the CPU's sensors in degrees Celsius, and a CPU's clock in MHz; NAN if Linux doesn't tell. */
double screen_temperature(const char *root);
double screen_clock(const char *root, unsigned cpu);

#endif
