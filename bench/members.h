/* SPDX-License-Identifier: BSD-3-Clause */
/* What a result says beside Google Benchmark's own members: what was measured, and every round of it. */
#ifndef CARDINAL_BENCH_MEMBERS_H
#define CARDINAL_BENCH_MEMBERS_H

#include "bench/suite.h"

/* The members of a JSON object, without its braces, in one line; to be freed with free(). NULL without memory.
 * docs/measuring.md lists them. Times are in units of which `units_a_second` make a second. */
char *bench_members(const bench_suite *suite, const bench_entry *entry, size_t repetition, double units_a_second);

#endif
