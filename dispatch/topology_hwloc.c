/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores and caches as hwloc tells them. hwloc aborts or crashes where an allocation of its own fails, and prints where
 * /sys tells nothing of CPUs, so it isn't the first source (dispatch/detect.c), nor asked where it could but print or
 * crash. */
#include "dispatch/topology_sources.h"

#ifdef CARDINAL_HAVE_HWLOC
#include <hwloc.h>
#include <stdlib.h>

#include "dispatch/open_below.h"

/* More than hwloc takes for the largest machine. */
enum {
  ROOM = 16 << 20
};

static bool has_room(void) {
  void *volatile room = malloc(ROOM); /* volatile, since compilers leave out allocations that nothing uses */
  const bool has = room;
  free(room);
  return has;
}

/* Whether Linux tells of `cpu` by one of the names that hwloc looks for; it prints if there are none. */
static bool told_by_linux(size_t cpu) {
  static const char *const names[] = {"core_cpus", "thread_siblings"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    FILE *file = cardinal_open_below("", "/sys/devices/system/cpu/cpu%zu/topology/%s", cpu, names[i]);
    if (file) {
      fclose(file);
      return true;
    }
  }
  return false;
}

/* Loads what is used here and no more: devices and the like cost much of a load's time. */
static bool load(hwloc_topology_t *topology, const char *synthetic) {
  static const hwloc_obj_type_t kept[] = {HWLOC_OBJ_PACKAGE, HWLOC_OBJ_CORE, HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                          HWLOC_OBJ_L3CACHE};
  if (hwloc_topology_init(topology) != 0)
    return false;
  bool good = hwloc_topology_set_all_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_NONE) == 0;
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; ++i)
    good = good && hwloc_topology_set_type_filter(*topology, kept[i], HWLOC_TYPE_FILTER_KEEP_ALL) == 0;
  /* The whole machine, since it is told what is allowed. */
  good = good && hwloc_topology_set_flags(*topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0;
  /* The backend for x86 would visit each core in turn to ask its CPUID what Linux has told already. Where hwloc has no
   * such backend, as on Arm, this is an error that means nothing. */
  hwloc_topology_set_components(*topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
  if (synthetic)
    good = good && hwloc_topology_set_synthetic(*topology, synthetic) == 0;
  good = good && hwloc_topology_load(*topology) == 0;
  /* The environment can make hwloc describe another machine. */
  if (good && (synthetic || hwloc_topology_is_thissystem(*topology)))
    return true;
  hwloc_topology_destroy(*topology);
  return false;
}

static uint32_t count(hwloc_topology_t topology, hwloc_obj_type_t type) {
  const int objects = hwloc_get_nbobjs_by_type(topology, type);
  return objects > 0 ? (uint32_t)objects : 0;
}

static void take_caches(cardinal_topology *t, hwloc_topology_t topology, hwloc_obj_t unit) {
  for (hwloc_obj_t above = unit->parent; above; above = above->parent) {
    if (!hwloc_obj_type_is_dcache(above->type))
      continue;
    const int inside = hwloc_get_nbobjs_inside_cpuset_by_type(topology, above->cpuset, HWLOC_OBJ_CORE);
    const uint32_t cores = inside > 0 ? (uint32_t)inside : 1;
    const size_t bytes = (size_t)above->attr->cache.size;
    switch (above->attr->cache.depth) {
    case 1:
      t->l1d_bytes = bytes;
      t->l1d_cores = cores;
      break;
    case 2:
      t->l2_bytes = bytes;
      t->l2_cores = cores;
      break;
    case 3:
      t->l3_bytes = bytes;
      t->l3_cores = cores;
      break;
    default:
      break;
    }
  }
}

bool cardinal_topology_from_hwloc(cardinal_topology *t, const char *synthetic, const cardinal_cpu_set *allowed) {
  *t = (cardinal_topology){.source = "hwloc"};
  if (!synthetic && !(told_by_linux(cardinal_cpu_set_first(allowed)) && has_room()))
    return false;
  hwloc_topology_t topology;
  if (!load(&topology, synthetic))
    return false;
  t->packages = count(topology, HWLOC_OBJ_PACKAGE);
  t->cores = count(topology, HWLOC_OBJ_CORE);
  t->cpus = count(topology, HWLOC_OBJ_PU);
  t->numa_nodes = count(topology, HWLOC_OBJ_NUMANODE);

  hwloc_obj_t first = NULL;
  for (hwloc_obj_t unit = NULL; (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit));) {
    if (!cardinal_cpu_set_has(allowed, unit->os_index))
      continue;
    ++t->allowed_cpus;
    first = first ? first : unit;
  }
  for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core));) {
    bool usable = false;
    unsigned cpu;
    hwloc_bitmap_foreach_begin(cpu, core->cpuset) usable = usable || cardinal_cpu_set_has(allowed, cpu);
    hwloc_bitmap_foreach_end();
    t->allowed_cores += usable;
  }
  if (first)
    take_caches(t, topology, first);
  hwloc_topology_destroy(topology);

  /* Some virtual machines tell CPUs only. */
  t->packages = t->packages ? t->packages : 1;
  if (!t->cores) {
    t->cores = t->cpus;
    t->allowed_cores = t->allowed_cpus;
  }
  return t->allowed_cores > 0;
}

#else

bool cardinal_topology_from_hwloc(cardinal_topology *topology, const char *synthetic, const cardinal_cpu_set *allowed) {
  (void)synthetic;
  (void)allowed;
  *topology = (cardinal_topology){.source = "hwloc"};
  return false;
}

#endif
