/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_DISPATCH_CGROUP_H
#define CARDINAL_DISPATCH_CGROUP_H

/* CPUs' worth of time that this process's control groups grant, the least along the path to the root; 0 for no limit.
 * Both versions of control groups. `root` is "" or a folder that stands for the root of the file system. */
double cardinal_cgroup_cpu_quota(const char *root);

#endif
