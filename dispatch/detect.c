/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/detect.h"

#include <math.h>

#include "dispatch/cgroup.h"
#include "dispatch/topology_sources.h"

enum {
  DEFAULT_L1D = 32 << 10,
  DEFAULT_L2 = 512 << 10
};

static void take_cache(size_t *bytes, uint32_t *cores, size_t other_bytes, uint32_t other_cores) {
  if (*bytes)
    return;
  *bytes = other_bytes;
  *cores = other_cores;
}

void cardinal_topology_complete(cardinal_topology *first, const cardinal_topology *second) {
  if (!first->allowed_cores) {
    *first = *second;
    return;
  }
  /* A level 3 may truly be missing, so it is taken along only where the source knew no cache at all. */
  if (!first->l1d_bytes && !first->l2_bytes)
    take_cache(&first->l3_bytes, &first->l3_cores, second->l3_bytes, second->l3_cores);
  take_cache(&first->l1d_bytes, &first->l1d_cores, second->l1d_bytes, second->l1d_cores);
  take_cache(&first->l2_bytes, &first->l2_cores, second->l2_bytes, second->l2_cores);
}

static cardinal_topology defaults(const cardinal_cpu_set *allowed) {
  uint32_t cpus = 0;
  for (size_t cpu = 0; cpu < CARDINAL_MAX_CPUS; ++cpu)
    cpus += cardinal_cpu_set_has(allowed, cpu);
  return (cardinal_topology){.source = "defaults",
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

void cardinal_topology_detect(cardinal_topology *topology) {
  cardinal_cpu_set allowed;
  if (!cardinal_cpu_set_allowed(&allowed))
    cardinal_cpu_set_add(&allowed, 0);

  /* What hwloc knows of Linux is from the same files, and it doesn't bear running out of memory. */
  const bool known = cardinal_topology_from_sysfs(topology, "", &allowed);
  if (!known || !topology->l1d_bytes || !topology->l2_bytes) {
    cardinal_topology hwloc;
    if (cardinal_topology_from_hwloc(&hwloc, NULL, &allowed))
      cardinal_topology_complete(topology, &hwloc);
    const cardinal_topology rest = defaults(&allowed);
    cardinal_topology_complete(topology, &rest);
  }
  topology->cpu_quota = cardinal_cgroup_cpu_quota("");
}

uint32_t cardinal_topology_threads(const cardinal_topology *topology) {
  uint32_t threads = topology->allowed_cores;
  if (topology->cpu_quota > 0 && ceil(topology->cpu_quota) < threads)
    threads = (uint32_t)ceil(topology->cpu_quota);
  return threads > 0 ? threads : 1;
}
