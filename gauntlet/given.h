/* SPDX-License-Identifier: BSD-3-Clause */
/* Data from outside, with the output that somebody else expects of them. */
#ifndef CARDINAL_GAUNTLET_GIVEN_H
#define CARDINAL_GAUNTLET_GIVEN_H

#include "gauntlet/operands.h"

/* How near an output must come to the expected one. */
typedef enum gauntlet_nearness {
  GAUNTLET_BY_BOUND, /* each of the two may be off the exact value by the error bound */
  GAUNTLET_BY_BITS,
  GAUNTLET_BY_ULP
} gauntlet_nearness;

typedef struct gauntlet_rule {
  gauntlet_nearness nearness;
  uint64_t ulp; /* if GAUNTLET_BY_ULP */
} gauntlet_rule;

enum {
  GAUNTLET_RULE_BYTES = 32
};

/* Reads "bits", "bound", "ulp:4" or "ulp 4"; false if the text is none of them. */
bool gauntlet_rule_parse(const char *text, gauntlet_rule *rule);

/* Writes what gauntlet_rule_parse reads; returns `text`, which has GAUNTLET_RULE_BYTES. */
char *gauntlet_rule_describe(const gauntlet_rule *rule, char *text);

typedef struct gauntlet_given {
  char *name; /* from malloc, as all that is here */
  gauntlet_operands operands;
  float *expected; /* NCHW */
  gauntlet_rule rule;
} gauntlet_given;

void gauntlet_given_free(gauntlet_given *given);

/* How values depart from the expected ones. */
typedef struct gauntlet_departure {
  size_t other_bits;     /* outputs; NaNs are all the same */
  size_t outside, first; /* outputs that the rule forbids, and the first of them, NCHW */
  double worst_ulp;      /* of finite values */
  size_t worst_at;
} gauntlet_departure;

/* Holds NCHW values against the expected ones; `bound` is the error bound of each output. */
void gauntlet_given_compare(const gauntlet_given *given, const float *values, const double *bound,
                            gauntlet_departure *departure);

/* How many floats two finite floats lie apart: neighbours are 1, the two zeros 0. */
double gauntlet_ulps(float a, float b);

#endif
