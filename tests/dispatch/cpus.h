/* SPDX-License-Identifier: BSD-3-Clause */
/* CPUs that aren't here: what their CPUID answers under an operating system that saves all they have. */
#ifndef CARDINAL_TESTS_DISPATCH_CPUS_H
#define CARDINAL_TESTS_DISPATCH_CPUS_H

#include "dispatch/cpu.h"

/* NULL if there is no CPU of that name. Only leaves of x86 CPUs. */
const cardinal_cpuid_leaves *cpus_leaves(const char *name);

/* The features of one of those, or of "cortex-a53", "neoverse-v1", "armv8-without-simd" and "unknown". Fails the test
 * if there is no such CPU. */
void cpus_features(const char *name, cardinal_cpu_features *features);

#endif
