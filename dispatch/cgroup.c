/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPU time that control groups grant: cpu.max in version 2 (Documentation/admin-guide/cgroup-v2.rst),
 * cpu.cfs_quota_us in version 1 (Documentation/scheduler/sched-bwc.rst). A limit set on a group binds all below it. */
#define _GNU_SOURCE
#include "dispatch/cgroup.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/open_below.h"

/* Whether `word` is one of the words in `list` that commas part. */
static bool in_list(const char *list, const char *word) {
  const size_t length = strlen(word);
  for (const char *at = list; at; at = strchr(at, ',')) {
    at += *at == ',';
    if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
      return true;
  }
  return false;
}

/* Limit of the one group in folder `folder`; 0 for none. */
static double group_quota(const char *root, const char *folder, bool version2) {
  double quota = 0, period = 0;
  int values = 0;
  FILE *file = cardinal_open_below(root, version2 ? "%s/cpu.max" : "%s/cpu.cfs_quota_us", folder);
  if (file) { /* "max 100000" has no number in front */
    values = version2 ? fscanf(file, "%lf %lf", &quota, &period) : fscanf(file, "%lf", &quota);
    fclose(file);
  }
  file = version2 ? NULL : cardinal_open_below(root, "%s/cpu.cfs_period_us", folder);
  if (file) {
    values += fscanf(file, "%lf", &period);
    fclose(file);
  }
  return values == 2 && quota > 0 && period > 0 ? quota / period : 0;
}

/* The least limit from `path` up to the hierarchy's mount point. The mount may show only the part of the hierarchy
 * below `top`, as it does in containers; then paths begin with `top`, or are told relative to it already. */
static double hierarchy_quota(const char *root, const char *mount, const char *top, const char *path, bool version2) {
  const size_t top_length = strcmp(top, "/") == 0 ? 0 : strlen(top);
  if (strncmp(path, top, top_length) == 0 && (path[top_length] == '/' || path[top_length] == '\0'))
    path += top_length;
  char folder[4096];
  const int length = snprintf(folder, sizeof folder, "%s%s", mount, path);
  if (length < 0 || (size_t)length >= sizeof folder)
    return 0;
  double least = 0;
  for (;;) {
    const double quota = group_quota(root, folder, version2);
    if (quota > 0 && (least <= 0 || quota < least))
      least = quota;
    char *slash = strrchr(folder, '/');
    if (strlen(folder) <= strlen(mount) || !slash)
      return least;
    *slash = '\0';
  }
}

/* This process's group in the hierarchy of the cpu controller, or in that of version 2; false if there is none. */
static bool own_group(const char *root, bool version2, char *path, size_t size) {
  FILE *file = cardinal_open_below(root, "/proc/self/cgroup");
  char *line = NULL;
  size_t room = 0;
  bool found = false;
  while (file && !found && getline(&line, &room, file) > 0) {
    /* hierarchy:controllers:path */
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
      continue;
    *controllers++ = '\0';
    *group++ = '\0';
    found = version2 ? strcmp(line, "0") == 0 && !*controllers : in_list(controllers, "cpu");
    found = found && (size_t)snprintf(path, size, "%s", group) < size;
  }
  free(line);
  if (file)
    fclose(file);
  return found;
}

double cardinal_cgroup_cpu_quota(const char *root) {
  FILE *file = cardinal_open_below(root, "/proc/self/mountinfo");
  char *line = NULL;
  size_t room = 0;
  double least = 0;
  while (file && getline(&line, &room, file) > 0) {
    /* id parent device top mount options [tags...] - type source options (proc(5)) */
    char top[4096], mount[4096], type[64], options[1024], path[4096];
    const char *rest = strstr(line, " - ");
    if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", top, mount) != 2 ||
        sscanf(rest, " - %63s %*s %1023s", type, options) != 2)
      continue;
    const bool version2 = strcmp(type, "cgroup2") == 0;
    if (!version2 && (strcmp(type, "cgroup") != 0 || !in_list(options, "cpu")))
      continue;
    if (!own_group(root, version2, path, sizeof path))
      continue;
    const double quota = hierarchy_quota(root, mount, top, path, version2);
    if (quota > 0 && (least <= 0 || quota < least))
      least = quota;
  }
  free(line);
  if (file)
    fclose(file);
  return least;
}
