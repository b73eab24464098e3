/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a cardinal_topology's figures come from, one function for each source; dispatch/topology.c combines them. The
 * arguments stand for the machine, so that tests can put another one in its place. */
#ifndef CARDINAL_DISPATCH_TOPOLOGY_SOURCES_H
#define CARDINAL_DISPATCH_TOPOLOGY_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "dispatch/topology.h"

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

/* Reads a list as the kernel writes it, such as "0-3,8,10-11\n"; false if it is no such list. */
bool cardinal_cpu_set_parse(cardinal_cpu_set *set, const char *list);

/* The CPUs on which the calling thread may run, by affinity and cpuset; false if the kernel doesn't say. */
bool cardinal_cpu_set_allowed(cardinal_cpu_set *set);

/* These fill what they know and leave the rest zero; source, cpu_quota and what is allowed included. They return
 * whether they know the cores at all.
 *   sysfs   `root` is "" or a folder that stands for the root of the file system
 *   hwloc   `synthetic` is NULL for this machine, or a description as hwloc's lstopo --input takes it; always false in
 * a build without hwloc */
bool cardinal_topology_from_sysfs(cardinal_topology *topology, const char *root, const cardinal_cpu_set *allowed);
bool cardinal_topology_from_hwloc(cardinal_topology *topology, const char *synthetic, const cardinal_cpu_set *allowed);

/* CPUs' worth of time that this process's control groups grant, the least along the path to the root; 0 for no limit.
 * Both versions of control groups. `root` as above. */
double cardinal_cgroup_cpu_quota(const char *root);

/* Opens the file that root and a path, as printf would write it, name together; NULL if it can't be read. */
__attribute__((format(printf, 2, 3))) FILE *cardinal_open_below(const char *root, const char *format, ...);

/* Takes from `second` what `first` lacks: the cores, or caches; a size of 0 at level 1 or 2 is a lack, since all CPUs
 * have those. */
void cardinal_topology_complete(cardinal_topology *first, const cardinal_topology *second);

#endif
