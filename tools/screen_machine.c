/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/screen_machine.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/open_below.h"

enum {
  MOST_SENSORS = 64 /* hwmon devices, and inputs of each */
};

static bool read_line(FILE *file, char *text, int size) {
  const bool read = file && fgets(text, size, file);
  if (file)
    fclose(file);
  if (read)
    text[strcspn(text, "\n")] = '\0';
  return read;
}

static bool read_number(FILE *file, double *value) {
  char text[64];
  return read_line(file, text, sizeof text) && sscanf(text, "%lf", value) == 1;
}

/* A line such as "microcode : 0xa10113e" of one CPU in /proc/cpuinfo. */
static bool read_cpuinfo(const char *root, unsigned cpu, const char *key, char *text, size_t size) {
  FILE *file = cardinal_open_below(root, "/proc/cpuinfo");
  char line[512];
  unsigned current = ~0u;
  bool found = false;
  while (file && !found && fgets(line, sizeof line, file)) {
    const char *value = strchr(line, ':');
    if (!value)
      continue;
    sscanf(line, "processor : %u", &current);
    found = current == cpu && !strncmp(line, key, strlen(key));
    if (found) {
      snprintf(text, size, "%s", value + 1 + strspn(value + 1, " \t"));
      text[strcspn(text, "\n")] = '\0';
    }
  }
  if (file)
    fclose(file);
  return found;
}

size_t screen_cpus_of_cores(const char *root, const cardinal_cpu_set *set, unsigned *cpus, size_t most) {
  cardinal_cpu_set done = {{0}};
  size_t count = 0;
  for (unsigned cpu = 0; cpu < CARDINAL_MAX_CPUS && count < most; ++cpu) {
    if (!cardinal_cpu_set_has(set, cpu) || cardinal_cpu_set_has(&done, cpu))
      continue;
    cpus[count++] = cpu;
    char text[512];
    cardinal_cpu_set siblings;
    if (read_line(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu), text,
                  sizeof text) &&
        cardinal_cpu_set_parse(&siblings, text))
      for (size_t i = 0; i < sizeof done.has; ++i)
        done.has[i] |= siblings.has[i];
  }
  return count;
}

void screen_cpu_describe(const char *root, unsigned cpu, screen_cpu *to) {
  double value;
  *to = (screen_cpu){.cpu = cpu, .core = -1, .package = -1};
  if (read_number(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%u/topology/core_id", cpu), &value))
    to->core = (int)value;
  if (read_number(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu), &value))
    to->package = (int)value;
  if (!read_line(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%u/microcode/version", cpu), to->microcode,
                 sizeof to->microcode) &&
      !read_cpuinfo(root, cpu, "microcode", to->microcode, sizeof to->microcode))
    to->microcode[0] = '\0';
}

double screen_temperature(const char *root) {
  static const char *const drivers[] = {"coretemp", "k10temp", "zenpower", "cpu_thermal"};
  double hottest = NAN;
  for (int device = 0; device < MOST_SENSORS; ++device) {
    char name[64];
    bool ours = false;
    if (!read_line(cardinal_open_below(root, "/sys/class/hwmon/hwmon%d/name", device), name, sizeof name))
      continue;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; ++i)
      ours |= !strcmp(name, drivers[i]);
    for (int input = 1; ours && input <= MOST_SENSORS; ++input) {
      double value;
      if (read_number(cardinal_open_below(root, "/sys/class/hwmon/hwmon%d/temp%d_input", device, input), &value))
        hottest = fmax(hottest, value / 1000);
    }
  }
  return hottest;
}

double screen_clock(const char *root, unsigned cpu) {
  double value;
  char text[64];
  if (read_number(cardinal_open_below(root, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", cpu), &value))
    return value / 1000;
  return read_cpuinfo(root, cpu, "cpu MHz", text, sizeof text) && sscanf(text, "%lf", &value) == 1 ? value : NAN;
}
