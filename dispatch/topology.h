/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores, caches and memory nodes of this machine, and which of them this process may use. */
#ifndef CARDINAL_DISPATCH_TOPOLOGY_H
#define CARDINAL_DISPATCH_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

typedef struct cardinal_topology {
  const char *source;                     /* "sysfs", "hwloc" or "defaults": where the cores are from; static */
  uint32_t packages;                      /* whole machine */
  uint32_t cores;                         /* whole machine, physical */
  uint32_t cpus;                          /* whole machine, logical */
  uint32_t numa_nodes;                    /* whole machine */
  uint32_t allowed_cores;                 /* physical cores with at least one CPU in this process's allowed set */
  uint32_t allowed_cpus;                  /* logical CPUs in the allowed set (cpuset and affinity) */
  double cpu_quota;                       /* CPUs' worth of time that the cgroup grants; 0: no limit */
  size_t l1d_bytes, l2_bytes, l3_bytes;   /* of the first allowed core; 0: there is none */
  uint32_t l1d_cores, l2_cores, l3_cores; /* physical cores that share it; 0 if there is none */
} cardinal_topology;

#endif
