/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "bench/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cardinal/cardinal.h>

const char *bench_level_name(bench_level level) {
  static const char *const names[BENCH_LEVELS] = {"l1", "l2", "l3", "memory"};
  return names[level];
}

/* The first line of a file without its end; "" if there is none. */
static void first_line(const char *path, char *line, size_t size) {
  line[0] = '\0';
  FILE *file = fopen(path, "r");
  if (!file)
    return;
  if (fgets(line, (int)size, file))
    line[strcspn(line, "\n")] = '\0';
  fclose(file);
}

static void describe_cpu(const cardinal_machine *here, bench_machine *m) {
  snprintf(m->cpu_id, sizeof m->cpu_id, "%s %u/%u/%u", here->vendor[0] ? here->vendor : "unknown", here->family,
           here->model, here->stepping);
  if (here->brand[0])
    snprintf(m->cpu, sizeof m->cpu, "%s", here->brand);
  else
    snprintf(m->cpu, sizeof m->cpu, "vendor %s family %u model 0x%x", here->vendor[0] ? here->vendor : "unknown",
             here->family, here->model);
}

static void describe_size(size_t bytes, char *text, size_t size) {
  if (bytes >= 1u << 20)
    snprintf(text, size, "%g MiB", (double)bytes / (1u << 20));
  else
    snprintf(text, size, "%g KiB", (double)bytes / (1u << 10));
}

static void describe_caches(const cardinal_machine *here, bench_machine *m) {
  const uint64_t bytes[BENCH_MEMORY] = {here->l1d_bytes, here->l2_bytes, here->l3_bytes};
  size_t used = 0;
  for (int level = 0; level < BENCH_MEMORY; ++level) {
    m->cache_bytes[level] = (size_t)bytes[level];
    if (!bytes[level])
      continue;
    char text[32];
    describe_size(m->cache_bytes[level], text, sizeof text);
    used += (size_t)snprintf(m->caches + used, sizeof m->caches - used, "%sL%d %s", used ? ", " : "", level + 1, text);
  }
  if (!used)
    snprintf(m->caches, sizeof m->caches, "unknown");
}

/* Runs of CPUs in the set: "0-3,8". Gives the first CPU. */
static int read_affinity(bench_machine *m) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) {
    snprintf(m->affinity, sizeof m->affinity, "unknown");
    return 0;
  }
  int first = -1;
  size_t used = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE && used + 24 < sizeof m->affinity; ++cpu) {
    if (!CPU_ISSET(cpu, &set))
      continue;
    int last = cpu;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
      ++last;
    first = first < 0 ? cpu : first;
    char *end = m->affinity + used;
    const size_t left = sizeof m->affinity - used;
    used += (size_t)(last > cpu ? snprintf(end, left, "%s%d-%d", used ? "," : "", cpu, last)
                                : snprintf(end, left, "%s%d", used ? "," : "", cpu));
    cpu = last;
  }
  return first < 0 ? 0 : first;
}

void bench_machine_read(bench_machine *m) {
  *m = (bench_machine){.cpu = ""};
  cardinal_machine here = {.struct_size = sizeof here};
  cardinal_machine_get(&here, NULL); /* can't fail: the struct is of this release */
  describe_cpu(&here, m);
  describe_caches(&here, m);
  const int cpu = read_affinity(m);
  char path[128];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
  first_line(path, m->governor, sizeof m->governor);
  if (!m->governor[0])
    snprintf(m->governor, sizeof m->governor, "unknown");
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(m->date, sizeof m->date, "%Y-%m-%dT%H:%M:%SZ", &utc);
  strftime(m->stamp, sizeof m->stamp, "%Y%m%d-%H%M%S", &utc);
}

const char *bench_compiler(void) {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}
