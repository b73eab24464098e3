/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores, caches and quotas of machines that aren't here: synthetic ones for hwloc, folders in the place of / for what
 * Linux tells in files. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <ftw.h>
#include <math.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dispatch/cgroup.h"
#include "dispatch/detect.h"
#include "dispatch/topology_sources.h"

static char root[64];

static void make_root(void) {
  strcpy(root, "/tmp/cardinal-root-XXXXXX");
  cr_assert_not_null(mkdtemp(root));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  (void)type;
  (void)walk;
  return remove(path);
}

static void remove_root(void) {
  nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root, with the folders above it. */
static void put(const char *path, const char *format, ...) {
  char full[512];
  const size_t length = (size_t)snprintf(full, sizeof full, "%s%s", root, path);
  cr_assert(length < sizeof full);
  for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(full, 0700);
    *slash = '/';
  }
  FILE *file = fopen(full, "w");
  cr_assert_not_null(file, "can't write %s", full);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(file, format, arguments);
  va_end(arguments);
  fclose(file);
}

static cardinal_cpu_set cpus(const char *list) {
  cardinal_cpu_set set;
  cr_assert(cardinal_cpu_set_parse(&set, list), "'%s' isn't a list of CPUs", list);
  return set;
}

#define EXPECT(found, expected)                                                                                        \
  cr_expect_eq((unsigned long)(found), (unsigned long)(expected), #found " is %lu, expected %lu",                      \
               (unsigned long)(found), (unsigned long)(expected))

Test(topology, lists_of_cpus) {
  static const struct {
    const char *list;
    bool good;
    size_t count, last;
  } lists[] = {{"0", true, 1, 0},
               {"0-3\n", true, 4, 3},
               {"0,2-3,8191\n", true, 4, 8191},
               {"\n", true, 0, 0},
               {"", true, 0, 0},
               {"x", false, 0, 0},
               {"3-1", false, 0, 0},
               {"0-", false, 0, 0},
               {"0;1", false, 0, 0},
               {"7-9000", true, 8185, 8191},
               {"0-3,", true, 4, 3}};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
    cardinal_cpu_set set;
    const bool good = cardinal_cpu_set_parse(&set, lists[i].list);
    cr_expect_eq(good, lists[i].good, "'%s'", lists[i].list);
    if (!good)
      continue;
    size_t count = 0, last = 0;
    for (size_t cpu = 0; cpu < CARDINAL_MAX_CPUS; ++cpu)
      if (cardinal_cpu_set_has(&set, cpu)) {
        ++count;
        last = cpu;
      }
    cr_expect(count == lists[i].count && last == lists[i].last, "'%s' gives %zu CPUs, the last %zu", lists[i].list,
              count, last);
  }
}

/* Two packages of four cores with two threads each, siblings 8 apart as Linux numbers them. */
static void put_server(const char *siblings, const char *package) {
  put("/sys/devices/system/cpu/online", "0-15\n");
  put("/sys/devices/system/node/online", "0-1\n");
  for (int cpu = 0; cpu < 16; ++cpu) {
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, siblings);
    put(path, "%d,%d\n", cpu % 8, cpu % 8 + 8);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, package);
    put(path, cpu % 8 < 4 ? "0-3,8-11\n" : "4-7,12-15\n");
    static const char *const caches[][3] = {
        {"1", "Data", "48K"}, {"1", "Instruction", "32K"}, {"2", "Unified", "2048K"}, {"3", "Unified", "60M"}};
    for (int index = 0; index < 4; ++index) {
      const int end = snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/", cpu, index);
      strcpy(path + end, "level");
      put(path, "%s\n", caches[index][0]);
      strcpy(path + end, "type");
      put(path, "%s\n", caches[index][1]);
      strcpy(path + end, "size");
      put(path, "%s\n", caches[index][2]);
      strcpy(path + end, "shared_cpu_list");
      if (index == 3)
        put(path, cpu % 8 < 4 ? "0-3,8-11\n" : "4-7,12-15\n");
      else
        put(path, "%d,%d\n", cpu % 8, cpu % 8 + 8);
    }
  }
}

static void check_server(const cardinal_topology *t) {
  EXPECT(t->packages, 2);
  EXPECT(t->cores, 8);
  EXPECT(t->cpus, 16);
  EXPECT(t->numa_nodes, 2);
  EXPECT(t->l1d_bytes, 48 << 10);
  EXPECT(t->l2_bytes, 2 << 20);
  EXPECT(t->l3_bytes, 60 << 20);
  EXPECT(t->l1d_cores, 1);
  EXPECT(t->l2_cores, 1);
  EXPECT(t->l3_cores, 4);
}

Test(topology, sysfs_of_a_server, .init = make_root, .fini = remove_root) {
  put_server("core_cpus_list", "package_cpus_list");
  cardinal_topology t;
  cardinal_cpu_set allowed = cpus("0-15");
  cr_assert(cardinal_topology_from_sysfs(&t, root, &allowed));
  cr_expect_str_eq(t.source, "sysfs");
  check_server(&t);
  EXPECT(t.allowed_cores, 8);
  EXPECT(t.allowed_cpus, 16);

  allowed = cpus("1,9,10"); /* both threads of core 1, one of core 2 */
  cr_assert(cardinal_topology_from_sysfs(&t, root, &allowed));
  check_server(&t);
  EXPECT(t.allowed_cores, 2);
  EXPECT(t.allowed_cpus, 3);
  EXPECT(cardinal_topology_threads(&t), 2);

  allowed = cpus("77");
  cr_expect_not(cardinal_topology_from_sysfs(&t, root, &allowed), "no CPU of this machine is allowed");
}

Test(topology, sysfs_of_an_old_kernel, .init = make_root, .fini = remove_root) {
  put_server("thread_siblings_list", "core_siblings_list");
  cardinal_topology t;
  const cardinal_cpu_set allowed = cpus("8-15");
  cr_assert(cardinal_topology_from_sysfs(&t, root, &allowed));
  check_server(&t);
  EXPECT(t.allowed_cores, 8);
}

Test(topology, sysfs_with_little_in_it, .init = make_root, .fini = remove_root) {
  cardinal_topology t;
  const cardinal_cpu_set allowed = cpus("0-2");
  cr_expect_not(cardinal_topology_from_sysfs(&t, root, &allowed));
  put("/sys/devices/system/cpu/online", "0-3\n");
  put("/sys/devices/system/cpu/cpu0/cache/index0/level", "1\n");
  put("/sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n");
  put("/sys/devices/system/cpu/cpu0/cache/index0/size", "64K\n"); /* nothing says who shares it */
  put("/sys/devices/system/cpu/cpu1/topology/core_cpus_list", "\n");
  cr_assert(cardinal_topology_from_sysfs(&t, root, &allowed));
  EXPECT(t.cores, 4);
  EXPECT(t.packages, 4); /* nothing says otherwise */
  EXPECT(t.numa_nodes, 1);
  EXPECT(t.allowed_cores, 3);
  EXPECT(t.l1d_bytes, 64 << 10);
  EXPECT(t.l1d_cores, 1);
  EXPECT(t.l2_bytes, 0);
  EXPECT(t.l3_bytes, 0);
  EXPECT(t.l3_cores, 0);
}

#ifdef CARDINAL_TEST_HWLOC
Test(topology, hwloc_of_a_server) {
  static const char server[] = "numa:2 package:1 l3:1(size=62914560) core:4 l2:1(size=2097152) l1d:1(size=49152) pu:2";
  cardinal_topology t;
  cardinal_cpu_set allowed = cpus("0-15");
  cr_assert(cardinal_topology_from_hwloc(&t, server, &allowed));
  cr_expect_str_eq(t.source, "hwloc");
  check_server(&t);
  EXPECT(t.allowed_cores, 8);
  EXPECT(t.allowed_cpus, 16);
  allowed = cpus("2,3,4"); /* hwloc numbers the threads of a core in a row */
  cr_assert(cardinal_topology_from_hwloc(&t, server, &allowed));
  check_server(&t);
  EXPECT(t.allowed_cores, 2);
  EXPECT(t.allowed_cpus, 3);
  allowed = cpus("16-20");
  cr_expect_not(cardinal_topology_from_hwloc(&t, server, &allowed), "no CPU of this machine is allowed");
}

Test(topology, hwloc_of_other_machines) {
  cardinal_topology t;
  const cardinal_cpu_set allowed = cpus("0-63");
  /* A level 2 shared by clusters of four, no level 3. */
  cr_assert(cardinal_topology_from_hwloc(&t, "package:1 l2:2(size=1048576) core:4 l1d:1(size=32768) pu:1", &allowed));
  EXPECT(t.cores, 8);
  EXPECT(t.l2_bytes, 1 << 20);
  EXPECT(t.l2_cores, 4);
  EXPECT(t.l3_bytes, 0);
  EXPECT(t.l3_cores, 0);
  /* A virtual machine that tells nothing but CPUs. */
  cr_assert(cardinal_topology_from_hwloc(&t, "pu:6", &allowed));
  EXPECT(t.cores, 6);
  EXPECT(t.cpus, 6);
  EXPECT(t.allowed_cores, 6);
  EXPECT(t.packages, 1);
  EXPECT(t.l1d_bytes, 0);
  cr_expect_not(cardinal_topology_from_hwloc(&t, "nonsense:", &allowed));
}

Test(topology, hwloc_and_sysfs_agree_on_this_machine) {
  cardinal_cpu_set allowed;
  cr_assert(cardinal_cpu_set_allowed(&allowed));
  cardinal_topology a, b;
  if (!cardinal_topology_from_hwloc(&a, NULL, &allowed))
    cr_skip_test("hwloc finds no CPUs here, as under some emulators");
  if (!cardinal_topology_from_sysfs(&b, "", &allowed))
    cr_skip_test("/sys shows no CPUs here, as under some emulators");
  EXPECT(a.cores, b.cores);
  EXPECT(a.cpus, b.cpus);
  EXPECT(a.allowed_cores, b.allowed_cores);
  EXPECT(a.allowed_cpus, b.allowed_cpus);
  EXPECT(a.l1d_bytes, b.l1d_bytes);
  EXPECT(a.l2_bytes, b.l2_bytes);
  EXPECT(a.l3_bytes, b.l3_bytes);
}

Test(topology, hwloc_describing_another_machine_is_passed_over) {
  setenv("HWLOC_SYNTHETIC", "package:1 core:64 pu:4", 1);
  cardinal_topology t;
  cardinal_topology_detect(&t);
  cr_expect(t.cpus != 256, "an environment variable made up CPUs");
  unsetenv("HWLOC_SYNTHETIC");
}
#endif

Test(topology, what_a_source_lacks_comes_from_the_next) {
  const cardinal_topology second = {.source = "second",
                                    .cores = 2,
                                    .allowed_cores = 2,
                                    .l1d_bytes = 1,
                                    .l1d_cores = 1,
                                    .l2_bytes = 2,
                                    .l2_cores = 1,
                                    .l3_bytes = 3,
                                    .l3_cores = 2};
  cardinal_topology t = {.source = "first"};
  cardinal_topology_complete(&t, &second);
  cr_expect_str_eq(t.source, "second");

  t = (cardinal_topology){.source = "first", .cores = 8, .allowed_cores = 4};
  cardinal_topology_complete(&t, &second);
  cr_expect_str_eq(t.source, "first");
  EXPECT(t.allowed_cores, 4);
  EXPECT(t.l1d_bytes, 1);
  EXPECT(t.l2_bytes, 2);
  EXPECT(t.l3_bytes, 3);
  EXPECT(t.l3_cores, 2);

  t = (cardinal_topology){.source = "first", .cores = 8, .allowed_cores = 4, .l1d_bytes = 7, .l1d_cores = 1};
  cardinal_topology_complete(&t, &second);
  EXPECT(t.l1d_bytes, 7);
  EXPECT(t.l2_bytes, 2);
  EXPECT(t.l3_bytes, 0); /* a CPU may have none */
}

Test(topology, threads_by_default) {
  cardinal_topology t = {.allowed_cores = 8};
  EXPECT(cardinal_topology_threads(&t), 8);
  t.cpu_quota = 2.0;
  EXPECT(cardinal_topology_threads(&t), 2);
  t.cpu_quota = 2.01;
  EXPECT(cardinal_topology_threads(&t), 3);
  t.cpu_quota = 0.25;
  EXPECT(cardinal_topology_threads(&t), 1);
  t.cpu_quota = 1e300;
  EXPECT(cardinal_topology_threads(&t), 8);
  t = (cardinal_topology){0};
  EXPECT(cardinal_topology_threads(&t), 1);
}

static void expect_quota(double expected) {
  const double quota = cardinal_cgroup_cpu_quota(root);
  cr_expect(fabs(quota - expected) < 1e-9, "the quota is %g, expected %g", quota, expected);
}

Test(quota, version_2, .init = make_root, .fini = remove_root) {
  expect_quota(0); /* no files at all */
  put("/proc/self/mountinfo", "22 1 0:20 / /proc rw - proc proc rw\n"
                              "31 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  put("/proc/self/cgroup", "0::/user.slice/job\n");
  expect_quota(0);
  put("/sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  expect_quota(0);
  put("/sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n"); /* a limit above binds what is below */
  expect_quota(2.5);
  put("/sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n");
  expect_quota(1.5);
  put("/sys/fs/cgroup/user.slice/job/cpu.max", "800000 100000\n");
  expect_quota(2.5);
  put("/sys/fs/cgroup/user.slice/cpu.max", "0 0\n");
  expect_quota(8);
  put("/sys/fs/cgroup/user.slice/cpu.max", "rubbish\n");
  expect_quota(8);
  put("/sys/fs/cgroup/cpu.max", "50000 100000\n"); /* the mount's own folder, as in a container */
  expect_quota(0.5);
}

/* A container that sees its own part of the hierarchy only, but names from the whole. */
Test(quota, version_2_mounted_in_part, .init = make_root, .fini = remove_root) {
  put("/proc/self/mountinfo", "31 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  put("/proc/self/cgroup", "0::/docker/abc/worker\n");
  put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  expect_quota(4);
  put("/sys/fs/cgroup/worker/cpu.max", "300000 100000\n");
  expect_quota(3);
  put("/proc/self/cgroup", "0::/docker/abcdef\n"); /* another group whose name begins alike */
  expect_quota(4);
}

Test(quota, version_1, .init = make_root, .fini = remove_root) {
  put("/proc/self/mountinfo", "33 25 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                              "34 25 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
                              "35 25 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  put("/proc/self/cgroup", "5:cpuset:/sets\n4:cpu,cpuacct:/batch/job\n0::/unified\n");
  put("/sys/fs/cgroup/cpu,cpuacct/batch/job/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu,cpuacct/batch/job/cpu.cfs_period_us", "100000\n");
  expect_quota(0);
  put("/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us", "125000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us", "50000\n");
  expect_quota(2.5);
  put("/sys/fs/cgroup/cpuset/sets/cpu.cfs_quota_us", "1000\n"); /* not the controller of time */
  put("/sys/fs/cgroup/cpuset/sets/cpu.cfs_period_us", "100000\n");
  expect_quota(2.5);
  put("/sys/fs/cgroup/unified/unified/cpu.max", "100000 100000\n"); /* both versions at once */
  expect_quota(1);
}

/* Where containers hide /sys, figures are made up in silence. Root alone can hide it. */
Test(topology, nothing_is_printed_without_sysfs, .init = make_root, .fini = remove_root) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("none", "/sys", "tmpfs", 0, NULL) != 0)
    cr_skip_test("this user can't hide /sys");
  char path[128];
  snprintf(path, sizeof path, "%s/stderr", root);
  const int file = open(path, O_RDWR | O_CREAT, 0600), terminal = dup(STDERR_FILENO);
  cr_assert(file >= 0 && terminal >= 0);
  dup2(file, STDERR_FILENO);
  cardinal_topology t;
  cardinal_topology_detect(&t);
  dup2(terminal, STDERR_FILENO);
  cr_expect_str_eq(t.source, "defaults");
  cr_expect(t.allowed_cores >= 1 && t.l1d_bytes > 0 && t.l2_bytes > 0);
  EXPECT(lseek(file, 0, SEEK_END), 0);
  close(file);
  close(terminal);
}

/* Affinity counts at once, and the quota of the machine at hand is no fantasy. Nothing is said of what a virtual
 * machine may hide or make up, such as the sizes of caches. */
Test(topology, this_machine) {
  cardinal_topology t;
  cardinal_topology_detect(&t);
  cr_expect(t.cores >= 1 && t.cpus >= t.cores && t.packages >= 1 && t.numa_nodes >= 1);
  cr_expect(t.allowed_cores >= 1 && t.allowed_cores <= t.allowed_cpus);
  cr_expect(t.l1d_bytes > 0 && t.l2_bytes > 0 && t.l1d_cores >= 1 && t.l2_cores >= 1);
  cr_expect(t.cpu_quota >= 0);

  cpu_set_t set, one;
  cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
  CPU_ZERO(&one);
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu)
    if (CPU_ISSET(cpu, &set)) {
      CPU_SET(cpu, &one);
      break;
    }
  cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
  cardinal_topology_detect(&t);
  EXPECT(t.allowed_cpus, 1);
  EXPECT(t.allowed_cores, 1);
  EXPECT(cardinal_topology_threads(&t), 1);
}
