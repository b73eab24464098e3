/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_DISPATCH_CPU_SET_H
#define CARDINAL_DISPATCH_CPU_SET_H

#include <stdbool.h>
#include <stddef.h>

/* A set of logical CPUs, by the numbers that the kernel gives them. */
enum {
  CARDINAL_MAX_CPUS = 8192
};
typedef struct cardinal_cpu_set {
  unsigned char has[CARDINAL_MAX_CPUS / 8];
} cardinal_cpu_set;

static inline bool cardinal_cpu_set_has(const cardinal_cpu_set *set, size_t cpu) {
  return cpu < CARDINAL_MAX_CPUS && set->has[cpu / 8] >> cpu % 8 & 1;
}

static inline void cardinal_cpu_set_add(cardinal_cpu_set *set, size_t cpu) {
  if (cpu < CARDINAL_MAX_CPUS)
    set->has[cpu / 8] = (unsigned char)(set->has[cpu / 8] | 1u << cpu % 8);
}

/* The lowest CPU of a set; CARDINAL_MAX_CPUS if it is empty. */
static inline size_t cardinal_cpu_set_first(const cardinal_cpu_set *set) {
  size_t cpu = 0;
  while (cpu < CARDINAL_MAX_CPUS && !cardinal_cpu_set_has(set, cpu))
    ++cpu;
  return cpu;
}

/* Reads a list as the kernel writes it, such as "0-3,8,10-11\n"; false if it is no such list. */
bool cardinal_cpu_set_parse(cardinal_cpu_set *set, const char *list);

/* The CPUs on which the calling thread may run, by affinity and cpuset; false if the kernel doesn't say. */
bool cardinal_cpu_set_allowed(cardinal_cpu_set *set);

#endif
