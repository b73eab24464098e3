/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways to run tasks on several threads: names, what this build has, and OpenMP's. */
#ifndef CARDINAL_OPS_THREADING_H
#define CARDINAL_OPS_THREADING_H

#include <stdbool.h>

#include <cardinal/cardinal.h>

/* Which way a context takes: the one asked for, else CARDINAL_THREADING_CUSTOM if the caller has a parallel_for of its
 * own, else the environment's CARDINAL_THREADING if that may be read, else this build's default.
 * Errors: an unknown way, one that this build lacks, one that contradicts `has_parallel_for`. */
cardinal_status cardinal_threading_choose(cardinal_threading asked, bool has_parallel_for, bool read_environment,
                                          cardinal_threading *chosen, cardinal_error *error);

/* OpenMP's parallel for; NULL in a build without OpenMP. */
extern const cardinal_parallel_for cardinal_openmp_parallel_for;

#endif
