/* SPDX-License-Identifier: BSD-3-Clause */
/* The problems that a kernel is tried on, chosen from what it declares and serves. */
#ifndef CARDINAL_GAUNTLET_LATTICE_H
#define CARDINAL_GAUNTLET_LATTICE_H

#include "gauntlet/descriptor.h"
#include "gauntlet/source.h"
#include "gauntlet/trial.h"

/*
 * Candidates for one operation, to be sieved by what the kernel serves: windows, strides, dilations, paddings on each
 * side, group widths, image sizes around every tile, batches, epilogues; then the networks' own layers on a few rows.
 * `problems` is to be freed. `seed` decides what varies at random.
 */
size_t gauntlet_candidates(const gauntlet_declaration *declaration, uint64_t seed, gauntlet_problem **problems);

/* Of `count` problems whose reasons are "" where they are served, keeps at most `wanted`, spread over all kinds of
 * them, in front; returns how many. */
size_t gauntlet_sieve(gauntlet_problem *problems, char (*reasons)[GAUNTLET_REASON_BYTES], size_t count, size_t wanted);

/* What of a trial follows from its seed: data, placement, residual in place, threads. Even seeds have random data. */
void gauntlet_vary(gauntlet_trial *trial, uint64_t seed);

#endif
