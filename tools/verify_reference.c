/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/verify_reference.h"

#include <math.h>
#include <stdio.h>

#include "gauntlet/expectation.h"
#include "gauntlet/judge.h"
#include "tools/command.h"

/* What the oracles say of one case's expected output. */
typedef struct opinion {
  gauntlet_departure departure; /* of the canonical order from the file */
  size_t outside, first;        /* outputs outside the bound of double precision */
  double first_exact;
} opinion;

static bool within_bound(double expected, double exact, double bound) {
  if (isnan(exact) || isnan(expected))
    return isnan(exact) && isnan(expected);
  if (isinf(exact))
    return expected == exact;
  return fabs(expected - exact) <= bound;
}

static opinion ask_oracles(const gauntlet_problem *problem, const gauntlet_given *given) {
  gauntlet_expectation e = gauntlet_expect(problem, &given->operands);
  opinion o = {.outside = 0};
  gauntlet_given_compare(given, e.canonical, e.bound, &o.departure);
  for (size_t at = 0; at < given->operands.data.y_floats; ++at)
    if (!within_bound((double)given->expected[at], e.exact[at], e.bound[at]) && o.outside++ == 0) {
      o.first = at;
      o.first_exact = e.exact[at];
    }
  gauntlet_expectation_free(&e);
  return o;
}

static void print_opinion(const gauntlet_problem *problem, const gauntlet_given *given, const opinion *o) {
  char descriptor[GAUNTLET_DESCRIPTOR_BYTES], rule[GAUNTLET_RULE_BYTES], where[128];
  const size_t outputs = given->operands.data.y_floats;
  printf("%-20s %-6s %s\n%-20s ", given->name, gauntlet_rule_describe(&given->rule, rule),
         gauntlet_describe(problem, descriptor), "");
  if (o->outside)
    printf("DISAGREES with double precision: %s is %.9g in the file, exactly %.9g; %zu of %zu outputs are outside the "
           "error bound\n",
           gauntlet_coordinates(problem, o->first, where, sizeof where), (double)given->expected[o->first],
           o->first_exact, o->outside, outputs);
  else if (o->departure.other_bits)
    printf("within the error bound; %zu of %zu outputs have other bits than the canonical order, by %.0f ULP at most "
           "(%s)\n",
           o->departure.other_bits, outputs, o->departure.worst_ulp,
           gauntlet_coordinates(problem, o->departure.worst_at, where, sizeof where));
  else
    printf("%zu outputs with the bits of the canonical order\n", outputs);
}

static json_t *json_opinion(const gauntlet_problem *problem, const gauntlet_given *given, const opinion *o) {
  char descriptor[GAUNTLET_DESCRIPTOR_BYTES], rule[GAUNTLET_RULE_BYTES], where[128];
  json_t *told =
      json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:f}", "name", tool_json_text(given->name), "case",
                gauntlet_describe(problem, descriptor), "judge", gauntlet_rule_describe(&given->rule, rule), "outputs",
                (json_int_t)given->operands.data.y_floats, "outside_bound", (json_int_t)o->outside, "other_bits",
                (json_int_t)o->departure.other_bits, "worst_ulp", o->departure.worst_ulp);
  if (o->outside)
    json_object_set_new(told, "outside_at", json_string(gauntlet_coordinates(problem, o->first, where, sizeof where)));
  return told;
}

size_t verify_tell_references(const verify_options *options, const reference_cases *cases, json_t *told) {
  size_t off = 0;
  if (!options->json)
    printf("The expected outputs of %s, beside this library's oracles:\n\n", options->reference);
  for (size_t i = 0; i < cases->count; ++i) {
    const opinion o = ask_oracles(&cases->problems[i], &cases->given[i]);
    off += o.outside > 0;
    if (options->json)
      json_array_append_new(told, json_opinion(&cases->problems[i], &cases->given[i], &o));
    else
      print_opinion(&cases->problems[i], &cases->given[i], &o);
  }
  if (!options->json)
    putchar('\n');
  return off;
}
