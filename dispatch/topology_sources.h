/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a cardinal_topology's figures come from, one function for each source; dispatch/detect.c combines them. The
 * arguments stand for the machine, so that tests can put another one in its place. */
#ifndef CARDINAL_DISPATCH_TOPOLOGY_SOURCES_H
#define CARDINAL_DISPATCH_TOPOLOGY_SOURCES_H

#include <stdbool.h>

#include "dispatch/cpu_set.h"
#include "dispatch/topology.h"

/* These fill what they know and leave the rest zero; source, cpu_quota and what is allowed included. They return
 * whether they know the cores at all.
 *   sysfs   `root` is "" or a folder that stands for the root of the file system
 *   hwloc   `synthetic` is NULL for this machine, or a description as hwloc's lstopo --input takes it; always false in
 * a build without hwloc */
bool cardinal_topology_from_sysfs(cardinal_topology *topology, const char *root, const cardinal_cpu_set *allowed);
bool cardinal_topology_from_hwloc(cardinal_topology *topology, const char *synthetic, const cardinal_cpu_set *allowed);

#endif
