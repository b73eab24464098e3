/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the results come from. */
#ifndef CARDINAL_BENCH_PROVENANCE_H
#define CARDINAL_BENCH_PROVENANCE_H

#include "bench/suite.h"

/* Adds commit, compiler, CPU, caches, governor, affinity and the like to the context of the output. */
void bench_provenance(const bench_suite *suite);

#endif
