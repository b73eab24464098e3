/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/given.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/memory.h"

bool gauntlet_rule_parse(const char *text, gauntlet_rule *rule) {
  *rule = (gauntlet_rule){.nearness = GAUNTLET_BY_BOUND};
  if (strcmp(text, "bound") == 0)
    return true;
  if (strcmp(text, "bits") == 0) {
    rule->nearness = GAUNTLET_BY_BITS;
    return true;
  }
  if (strncmp(text, "ulp:", 4) != 0 && strncmp(text, "ulp ", 4) != 0)
    return false;
  char *end;
  errno = 0;
  rule->nearness = GAUNTLET_BY_ULP;
  rule->ulp = strtoull(text + 4, &end, 10);
  return text[4] >= '0' && text[4] <= '9' && !*end && !errno; /* strtoull takes signs and spaces, too */
}

char *gauntlet_rule_describe(const gauntlet_rule *rule, char *text) {
  if (rule->nearness == GAUNTLET_BY_ULP)
    snprintf(text, GAUNTLET_RULE_BYTES, "ulp:%" PRIu64, rule->ulp);
  else
    snprintf(text, GAUNTLET_RULE_BYTES, "%s", rule->nearness == GAUNTLET_BY_BITS ? "bits" : "bound");
  return text;
}

void gauntlet_given_free(gauntlet_given *given) {
  gauntlet_operands_free(&given->operands);
  free(given->expected);
  free(given->name);
}

/* A float's place among all floats in order: neighbours differ by one, and the two zeros share one. */
static int64_t place_in_order(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? (int64_t)INT32_MIN - bits : bits;
}

double gauntlet_ulps(float a, float b) {
  return fabs((double)(place_in_order(a) - place_in_order(b)));
}

static bool near_enough(const gauntlet_rule *rule, float value, float expected, double bound) {
  if (gauntlet_same(value, expected))
    return true;
  if (rule->nearness == GAUNTLET_BY_BITS || isnan(value) || isnan(expected))
    return false;
  if (rule->nearness == GAUNTLET_BY_BOUND && isinf(bound))
    return true; /* near overflow, the order of the sum decides */
  if (isinf(value) || isinf(expected))
    return false;
  if (rule->nearness == GAUNTLET_BY_ULP)
    return gauntlet_ulps(value, expected) <= (double)rule->ulp;
  return fabs((double)value - (double)expected) <= 2.0 * bound;
}

void gauntlet_given_compare(const gauntlet_given *given, const float *values, const double *bound,
                            gauntlet_departure *d) {
  *d = (gauntlet_departure){0};
  for (size_t at = 0; at < given->operands.data.y_floats; ++at) {
    const float value = values[at], expected = given->expected[at];
    d->other_bits += !gauntlet_same(value, expected);
    if (!near_enough(&given->rule, value, expected, bound[at]) && d->outside++ == 0)
      d->first = at;
    if (isfinite(value) && isfinite(expected) && gauntlet_ulps(value, expected) > d->worst_ulp) {
      d->worst_ulp = gauntlet_ulps(value, expected);
      d->worst_at = at;
    }
  }
}
