/* SPDX-License-Identifier: BSD-3-Clause */
/* What the outputs of one set of data should be. */
#ifndef CARDINAL_GAUNTLET_EXPECTATION_H
#define CARDINAL_GAUNTLET_EXPECTATION_H

#include "gauntlet/operands.h"

/* All NCHW, [y_floats]. */
typedef struct gauntlet_expectation {
  float *canonical;      /* the bits of the canonical order */
  double *exact, *bound; /* in double precision; the bound is infinite where nothing can be said */
} gauntlet_expectation;

/* To be freed. */
gauntlet_expectation gauntlet_expect(const gauntlet_problem *problem, const gauntlet_operands *operands);
void gauntlet_expectation_free(gauntlet_expectation *expectation);

#endif
