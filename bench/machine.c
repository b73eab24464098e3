/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "bench/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* The value of a field of /proc/cpuinfo ("model name      : ..."), of the first CPU. */
static void cpuinfo_field(const char *field, char *value, size_t size) {
  value[0] = '\0';
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (!file)
    return;
  char line[1024];
  while (!value[0] && fgets(line, sizeof line, file)) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, field, strlen(field)) == 0 && colon && colon[1]) {
      snprintf(value, size, "%s", colon + 2);
      value[strcspn(value, "\n")] = '\0';
    }
  }
  fclose(file);
}

static void read_cpu(bench_machine *m) {
  cpuinfo_field("model name", m->cpu, sizeof m->cpu);
  if (m->cpu[0])
    return;
  char implementer[32], part[32];
  cpuinfo_field("CPU implementer", implementer, sizeof implementer);
  cpuinfo_field("CPU part", part, sizeof part);
  snprintf(m->cpu, sizeof m->cpu, "implementer %s part %s", implementer[0] ? implementer : "unknown",
           part[0] ? part : "unknown");
}

static void describe_size(size_t bytes, char *text, size_t size) {
  if (bytes >= 1u << 20)
    snprintf(text, size, "%g MiB", (double)bytes / (1u << 20));
  else
    snprintf(text, size, "%g KiB", (double)bytes / (1u << 10));
}

static void read_caches(bench_machine *m, int cpu) {
  for (int index = 0; index < 8; ++index) {
    char path[128], type[32], level[32], bytes[32];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/type", cpu, index);
    first_line(path, type, sizeof type);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/level", cpu, index);
    first_line(path, level, sizeof level);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/size", cpu, index);
    first_line(path, bytes, sizeof bytes);
    const int number = atoi(level);
    if (strcmp(type, "Instruction") != 0 && number >= 1 && number <= BENCH_MEMORY)
      m->cache_bytes[number - 1] = strtoul(bytes, NULL, 10) << 10;
  }
  size_t used = 0;
  for (int level = 0; level < BENCH_MEMORY; ++level) {
    if (!m->cache_bytes[level])
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
  read_cpu(m);
  const int cpu = read_affinity(m);
  read_caches(m, cpu);
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
