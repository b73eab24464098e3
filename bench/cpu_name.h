/* SPDX-License-Identifier: BSD-3-Clause */
/* What to call a CPU whose own name may hide its design, as it does in most virtual machines. */
#ifndef CARDINAL_BENCH_CPU_NAME_H
#define CARDINAL_BENCH_CPU_NAME_H

#include <stddef.h>

/* "AMD EPYC (Zen 4)": the CPU as it names itself, with the design that its id stands for ("AuthenticAMD 25/17/1":
 * vendor, family, model, stepping); the name alone if the design isn't known or the name says it already. */
void bench_cpu_name(const char *cpu, const char *cpu_id, char *name, size_t size);

#endif
