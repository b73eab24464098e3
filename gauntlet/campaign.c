/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/child.h"
#include "gauntlet/lattice.h"

bool gauntlet_campaign_takes(const gauntlet_campaign *campaign, size_t kernel) {
  return !campaign->part || strstr(campaign->list->kernels[kernel].name, campaign->part);
}

/* Returns false when the kernel isn't to be tried further. */
static bool try_once(const gauntlet_campaign *campaign, size_t kernel, const gauntlet_problem *problem,
                     const gauntlet_given *given, uint64_t seed, gauntlet_score *score) {
  gauntlet_trial trial = {.source = campaign->source,
                          .kernel = kernel,
                          .declaration = score->declaration,
                          .problem = problem,
                          .seconds = campaign->seconds};
  gauntlet_vary(&trial, seed);
  trial.threads = trial.threads && !campaign->single_thread;
  if (given) {
    trial.given = given;
    trial.kind = DATA_RANDOM; /* whose judgement supposes nothing of the values */
  }
  gauntlet_remains remains;
  gauntlet_verdict verdict;
  gauntlet_trial_run(&trial, &remains);
  gauntlet_judge(&trial, &remains, &verdict);
  gauntlet_remains_free(&remains);

  ++score->trials;
  score->failures += verdict.violations != 0;
  score->violations |= verdict.violations;
  score->same_bits = score->same_bits && verdict.same_bits;
  if (verdict.worst_ulp > score->worst_ulp)
    score->worst_ulp = verdict.worst_ulp;
  if (verdict.worst_share > score->worst_share)
    score->worst_share = verdict.worst_share;
  if (campaign->tried)
    campaign->tried(campaign->user, &(gauntlet_case){.declaration = score->declaration,
                                                     .problem = problem,
                                                     .given = given,
                                                     .seed = seed,
                                                     .kind = trial.kind,
                                                     .placement = trial.placement,
                                                     .residual_in_place = trial.residual_in_place,
                                                     .threads = trial.threads,
                                                     .verdict = &verdict});
  return !(verdict.violations & (GAUNTLET_REFUSED | GAUNTLET_NO_TRIAL)) &&
         !(verdict.violations & GAUNTLET_HANG && campaign->stop_at_hang);
}

/* Asks which problems the kernel serves. The answer is in `reasons`, to be freed; NULL where there was none. */
static char (*ask(const gauntlet_campaign *campaign, size_t kernel, const gauntlet_problem *problems, size_t count,
                  gauntlet_score *score))[GAUNTLET_REASON_BYTES] {
  char(*reasons)[GAUNTLET_REASON_BYTES] = calloc(count ? count : 1, sizeof *reasons);
  if (!reasons) {
    snprintf(score->skipped, sizeof score->skipped, "no memory");
    return NULL;
  }
  char message[160];
  if (gauntlet_source_ask(&campaign->source, kernel, problems, count, reasons, message, sizeof message))
    return reasons;
  snprintf(score->skipped, sizeof score->skipped, "%s", message);
  score->failures = 1;
  score->violations = GAUNTLET_REFUSED;
  free(reasons);
  return NULL;
}

static void try_lattice(const gauntlet_campaign *campaign, size_t kernel, gauntlet_score *score) {
  gauntlet_problem *problems;
  size_t count = gauntlet_candidates(score->declaration, campaign->seed, &problems);
  char(*reasons)[GAUNTLET_REASON_BYTES] = ask(campaign, kernel, problems, count, score);
  if (reasons) {
    count = gauntlet_sieve(problems, reasons, count, campaign->trials);
    if (!count)
      snprintf(score->skipped, sizeof score->skipped, "it serves none of the gauntlet's problems; give it one");
    for (size_t i = 0; i < count; ++i)
      if (!try_once(campaign, kernel, &problems[i], NULL, campaign->seed + i, score))
        break;
  }
  free(reasons);
  free(problems);
}

/* The given problem in the kernel's layouts. */
static gauntlet_problem in_layouts_of(const gauntlet_declaration *declaration, const gauntlet_problem *problem) {
  gauntlet_problem p = *problem;
  p.conv.x_layout = p.pool.x_layout = declaration->x_layout;
  p.conv.y_layout = p.pool.y_layout = declaration->y_layout;
  return p;
}

/* NULL if the kernel may be asked about the problem. */
static const char *what_differs(const gauntlet_declaration *declaration, const gauntlet_problem *problem) {
  if (problem->operation != declaration->operation)
    return "operation";
  const cardinal_format format =
      problem->operation == CARDINAL_PLUGIN_CONV ? problem->conv.format : problem->pool.format;
  return format == (cardinal_format)declaration->format ? NULL : "number format";
}

static void try_given(const gauntlet_campaign *campaign, size_t kernel, gauntlet_score *score) {
  for (size_t i = 0; i < campaign->problem_count; ++i) {
    const char *other = what_differs(score->declaration, &campaign->problems[i]);
    if (other) {
      if (!score->trials)
        snprintf(score->skipped, sizeof score->skipped, "it is for another %s", other);
      continue;
    }
    const gauntlet_problem problem = in_layouts_of(score->declaration, &campaign->problems[i]);
    char(*reasons)[GAUNTLET_REASON_BYTES] = ask(campaign, kernel, &problem, 1, score);
    if (!reasons)
      return;
    if (reasons[0][0] && !score->trials)
      snprintf(score->skipped, sizeof score->skipped, "%s", reasons[0]);
    bool go_on = !reasons[0][0];
    for (size_t n = 0; go_on && n < campaign->trials; ++n)
      go_on =
          try_once(campaign, kernel, &problem, campaign->given ? &campaign->given[i] : NULL, campaign->seed + n, score);
    free(reasons);
  }
  if (score->trials)
    score->skipped[0] = '\0';
}

void gauntlet_campaign_run(const gauntlet_campaign *campaign, size_t kernel, gauntlet_score *score) {
  const double start = gauntlet_clock();
  *score = (gauntlet_score){
      .declaration = &campaign->list->kernels[kernel], .same_bits = true, .worst_ulp = -1.0, .worst_share = -1.0};
  char missing[64];
  if (!gauntlet_needs_met(score->declaration->needs, missing, sizeof missing))
    snprintf(score->skipped, sizeof score->skipped, "it needs %s, which this CPU or its operating system doesn't offer",
             missing);
  else if (campaign->problem_count)
    try_given(campaign, kernel, score);
  else
    try_lattice(campaign, kernel, score);
  score->seconds = gauntlet_clock() - start;
}
