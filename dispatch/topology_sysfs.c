/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores and caches as Linux tells them under /sys/devices/system (Documentation/admin-guide/cputopology.rst and
 * ABI/stable/sysfs-devices-system-cpu). */
#include <stdlib.h>
#include <string.h>

#include "dispatch/open_below.h"
#include "dispatch/topology_sources.h"

/* A list of all CPUs of the largest machine, written in full, is shorter. */
enum {
  TEXT = 1 << 15
};

/* Reads the first line of a file; false if there is none. */
static bool read_line(FILE *file, char *text, size_t size) {
  if (!file)
    return false;
  const bool read = fgets(text, (int)size, file) != NULL;
  fclose(file);
  return read;
}

static bool read_cpus(FILE *file, cardinal_cpu_set *set) {
  char *text = malloc(TEXT);
  if (!text) {
    if (file)
      fclose(file);
    return false;
  }
  const bool known = read_line(file, text, TEXT) && cardinal_cpu_set_parse(set, text);
  free(text);
  return known;
}

static bool intersect(const cardinal_cpu_set *a, const cardinal_cpu_set *b) {
  for (size_t i = 0; i < sizeof a->has; ++i)
    if (a->has[i] & b->has[i])
      return true;
  return false;
}

/* The CPUs that share what the file names (a core, a package) with `cpu`; only itself if there is no such file. The
 * second name is that of kernels before 5.4. */
static cardinal_cpu_set sharing(const char *root, size_t cpu, const char *name, const char *old_name) {
  cardinal_cpu_set set;
  if ((read_cpus(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%zu/topology/%s", cpu, name), &set) ||
       read_cpus(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%zu/topology/%s", cpu, old_name), &set)) &&
      cardinal_cpu_set_has(&set, cpu))
    return set;
  set = (cardinal_cpu_set){{0}};
  cardinal_cpu_set_add(&set, cpu);
  return set;
}

/* Bytes of a size such as "32K" or "16M"; 0 for anything else. */
static size_t parse_size(const char *text) {
  char *unit;
  const unsigned long value = strtoul(text, &unit, 10);
  switch (*unit) {
  case 'K':
    return (size_t)value << 10;
  case 'M':
    return (size_t)value << 20;
  case '\0':
  case '\n':
    return value;
  default:
    return 0;
  }
}

static FILE *open_cache(const char *root, size_t cpu, int index, const char *name) {
  return cardinal_open_below(root, "/sys/devices/system/cpu/cpu%zu/cache/index%d/%s", cpu, index, name);
}

/* The caches of one CPU. `leaders` has one CPU of each core. */
static void read_caches(cardinal_topology *topology, const char *root, size_t cpu, const cardinal_cpu_set *leaders) {
  char level[16], type[32], size[32];
  for (int index = 0; read_line(open_cache(root, cpu, index, "level"), level, sizeof level); ++index) {
    if (!read_line(open_cache(root, cpu, index, "type"), type, sizeof type) ||
        !read_line(open_cache(root, cpu, index, "size"), size, sizeof size) ||
        strncmp(type, "Instruction", strlen("Instruction")) == 0)
      continue;
    cardinal_cpu_set users = {{0}};
    uint32_t cores = 0;
    if (read_cpus(open_cache(root, cpu, index, "shared_cpu_list"), &users))
      for (size_t i = 0; i < CARDINAL_MAX_CPUS; ++i)
        cores += cardinal_cpu_set_has(&users, i) && cardinal_cpu_set_has(leaders, i);
    cores = cores ? cores : 1;
    switch (level[0]) {
    case '1':
      topology->l1d_bytes = parse_size(size);
      topology->l1d_cores = cores;
      break;
    case '2':
      topology->l2_bytes = parse_size(size);
      topology->l2_cores = cores;
      break;
    case '3':
      topology->l3_bytes = parse_size(size);
      topology->l3_cores = cores;
      break;
    default:
      break;
    }
  }
}

bool cardinal_topology_from_sysfs(cardinal_topology *topology, const char *root, const cardinal_cpu_set *allowed) {
  *topology = (cardinal_topology){.source = "sysfs"};
  cardinal_cpu_set online, nodes, leaders = {{0}};
  if (!read_cpus(cardinal_open_below(root, "/sys/devices/system/cpu/online"), &online))
    return false;
  size_t first_allowed = CARDINAL_MAX_CPUS;
  for (size_t cpu = 0; cpu < CARDINAL_MAX_CPUS; ++cpu) {
    if (!cardinal_cpu_set_has(&online, cpu))
      continue;
    ++topology->cpus;
    if (cardinal_cpu_set_has(allowed, cpu)) {
      ++topology->allowed_cpus;
      if (first_allowed == CARDINAL_MAX_CPUS)
        first_allowed = cpu;
    }
    const cardinal_cpu_set core = sharing(root, cpu, "core_cpus_list", "thread_siblings_list");
    if (cardinal_cpu_set_first(&core) != cpu)
      continue;
    cardinal_cpu_set_add(&leaders, cpu);
    ++topology->cores;
    topology->allowed_cores += intersect(&core, allowed);
    const cardinal_cpu_set package = sharing(root, cpu, "package_cpus_list", "core_siblings_list");
    topology->packages += cardinal_cpu_set_first(&package) == cpu;
  }
  topology->numa_nodes = 1;
  if (read_cpus(cardinal_open_below(root, "/sys/devices/system/node/online"), &nodes)) {
    topology->numa_nodes = 0;
    for (size_t node = 0; node < CARDINAL_MAX_CPUS; ++node)
      topology->numa_nodes += cardinal_cpu_set_has(&nodes, node);
  }
  if (first_allowed < CARDINAL_MAX_CPUS)
    read_caches(topology, root, first_allowed, &leaders);
  return topology->cores > 0 && topology->allowed_cores > 0;
}
