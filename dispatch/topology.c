/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "dispatch/topology.h"

#include <math.h>
#include <sched.h>

enum { DEFAULT_L1D = 32 << 10, DEFAULT_L2 = 512 << 10 };

void cardinal_topology_detect(cardinal_topology *topology) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const uint32_t cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
  *topology = (cardinal_topology){.source = "defaults",
                                  .packages = 1,
                                  .cores = cpus,
                                  .cpus = cpus,
                                  .numa_nodes = 1,
                                  .allowed_cores = cpus,
                                  .allowed_cpus = cpus,
                                  .l1d_bytes = DEFAULT_L1D,
                                  .l2_bytes = DEFAULT_L2,
                                  .l1d_cores = 1,
                                  .l2_cores = 1};
}

uint32_t cardinal_topology_threads(const cardinal_topology *topology) {
  uint32_t threads = topology->allowed_cores;
  if (topology->cpu_quota > 0 && ceil(topology->cpu_quota) < threads)
    threads = (uint32_t)ceil(topology->cpu_quota);
  return threads > 0 ? threads : 1;
}
