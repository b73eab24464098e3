/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a result comes from: the facts that stand beside every figure. */
#ifndef CARDINAL_BENCH_MACHINE_H
#define CARDINAL_BENCH_MACHINE_H

#include <stddef.h>

typedef enum bench_level {
  BENCH_L1,
  BENCH_L2,
  BENCH_L3,
  BENCH_MEMORY,
  BENCH_LEVELS
} bench_level;

/* "l1", "l2", "l3", "memory" */
const char *bench_level_name(bench_level level);

typedef struct bench_machine {
  char cpu[128];
  char cpu_id[64];                  /* "AuthenticAMD 25/17/1": vendor, family, model, stepping */
  size_t cache_bytes[BENCH_MEMORY]; /* data or unified, of the first allowed CPU; 0: unknown or not there */
  char caches[128];                 /* "L1 32 KiB, L2 512 KiB, L3 32 MiB" */
  char governor[64];                /* "unknown" where the kernel doesn't say, as in most virtual machines */
  char affinity[256];               /* CPUs that this process may use: "0-3,8" */
  char date[32];                    /* "2024-05-01T12:00:00Z" */
  char stamp[32];                   /* the same for names of files: "20240501-120000" */
} bench_machine;

void bench_machine_read(bench_machine *machine);

/* "gcc 12.2.0" */
const char *bench_compiler(void);

#endif
