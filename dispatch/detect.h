/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_DISPATCH_DETECT_H
#define CARDINAL_DISPATCH_DETECT_H

#include "dispatch/topology.h"

/* Never fails: what can't be found out is taken from the next source, at last from defaults (32 KiB, 512 KiB, none). */
void cardinal_topology_detect(cardinal_topology *topology);

/* How many threads a run should use by default: one per allowed physical core, no more than the quota rounded up, at
 * least 1. */
uint32_t cardinal_topology_threads(const cardinal_topology *topology);

/* Takes from `second` what `first` lacks: the cores, or caches; a size of 0 at level 1 or 2 is a lack, since all CPUs
 * have those. */
void cardinal_topology_complete(cardinal_topology *first, const cardinal_topology *second);

#endif
