/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "dispatch/cpu_set.h"

#include <sched.h>
#include <stdlib.h>

bool cardinal_cpu_set_parse(cardinal_cpu_set *set, const char *list) {
  *set = (cardinal_cpu_set){{0}};
  while (*list && *list != '\n') {
    char *end;
    const unsigned long first = strtoul(list, &end, 10);
    unsigned long last = first;
    if (end == list)
      return false;
    if (*end == '-') {
      list = end + 1;
      last = strtoul(list, &end, 10);
      if (end == list)
        return false;
    }
    if (last < first || (*end && *end != ',' && *end != '\n'))
      return false;
    for (unsigned long cpu = first; cpu <= last && cpu < CARDINAL_MAX_CPUS; ++cpu)
      cardinal_cpu_set_add(set, cpu);
    list = *end == ',' ? end + 1 : end;
  }
  return true;
}

bool cardinal_cpu_set_allowed(cardinal_cpu_set *set) {
  *set = (cardinal_cpu_set){{0}};
  cpu_set_t *mask = CPU_ALLOC(CARDINAL_MAX_CPUS);
  const size_t bytes = CPU_ALLOC_SIZE(CARDINAL_MAX_CPUS);
  const bool known = mask && sched_getaffinity(0, bytes, mask) == 0;
  for (size_t cpu = 0; known && cpu < CARDINAL_MAX_CPUS; ++cpu)
    if (CPU_ISSET_S(cpu, bytes, mask))
      cardinal_cpu_set_add(set, cpu);
  CPU_FREE(mask);
  return known;
}
