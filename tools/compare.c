/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/compare.h"

#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* ---- one row ----------------------------------------------------------------------------------------------------- */

/* A row's quiet times, all of them if none was quiet, in `to`; how many there are. */
static size_t take_times(const bench_row *row, bool of_peak, double *to) {
  size_t count = 0;
  for (size_t i = 0; i < row->round_count; ++i)
    if (row->rounds[i].quiet || !row->quiet_count)
      to[count++] = row->rounds[i].seconds * (of_peak ? row->peak_gflops : 1);
  return count;
}

static bool compare_rows(const bench_row *before, const bench_row *after, bool of_peak, compare_row *to) {
  double *old_times = malloc(before->round_count * sizeof *old_times);
  double *new_times = malloc(after->round_count * sizeof *new_times);
  const bool ready = old_times && new_times;
  if (ready) {
    const size_t old_count = take_times(before, of_peak, old_times), new_count = take_times(after, of_peak, new_times);
    *to = (compare_row){.before = before,
                        .after = after,
                        .ratio =
                            after->seconds / before->seconds * (of_peak ? after->peak_gflops / before->peak_gflops : 1),
                        .interval = statistics_ratio_interval(old_times, old_count, new_times, new_count),
                        .firm = bench_row_is_firm(before) && bench_row_is_firm(after),
                        .p = NAN,
                        .holm = NAN};
    if (to->firm)
      to->p = statistics_mann_whitney(old_times, old_count, new_times, new_count);
  }
  free(old_times);
  free(new_times);
  return ready && !isnan(to->interval.low) && (!to->firm || !isnan(to->p));
}

/* ---- all rows ---------------------------------------------------------------------------------------------------- */

static int by_effect(const void *a, const void *b) {
  const compare_row *x = a, *y = b;
  if (x->firm != y->firm)
    return x->firm ? -1 : 1;
  const double left = fabs(log(x->ratio)), right = fabs(log(y->ratio));
  return left != right ? (left < right ? 1 : -1) : strcmp(x->before->name, y->before->name);
}

static bool is_subject(const bench_row *row, const regex_t *filter) {
  static const char *const machine[] = {"fma", "canary", "copy"};
  for (size_t i = 0; i < sizeof machine / sizeof *machine; ++i)
    if (!strcmp(row->kind, machine[i]))
      return false;
  return !filter || !regexec(filter, row->name, 0, NULL, 0);
}

/* Corrects the p-values of the rows that have one. */
static bool correct(compare_result *r) {
  double *p = malloc((r->count + 1) * sizeof *p);
  if (!p)
    return false;
  for (size_t i = 0; i < r->count; ++i)
    p[i] = r->rows[i].p;
  const bool corrected = statistics_holm(p, r->count);
  for (size_t i = 0; corrected && i < r->count; ++i) {
    r->rows[i].holm = p[i];
    r->tested += r->rows[i].firm;
  }
  free(p);
  return corrected;
}

static bool fill(compare_result *r, const regex_t *filter) {
  const bench_file *before = r->before, *after = r->after;
  r->rows = calloc(before->count + 1, sizeof *r->rows);
  r->only_before = calloc(before->count + 1, sizeof *r->only_before);
  r->only_after = calloc(after->count + 1, sizeof *r->only_after);
  r->newly_failed = calloc(after->count + 1, sizeof *r->newly_failed);
  if (!r->rows || !r->only_before || !r->only_after || !r->newly_failed)
    return false;
  for (size_t i = 0; i < before->count; ++i) {
    const bench_row *old = &before->rows[i], *new = bench_file_find(after, old->name);
    if (!is_subject(old, filter) || !old->rounds)
      continue;
    if (new &&new->error[0])
      r->newly_failed[r->newly_failed_count++] = new;
    else if (!new || !new->rounds)
      r->only_before[r->only_before_count++] = old;
    else if (!compare_rows(old, new, r->of_peak, &r->rows[r->count++]))
      return false;
  }
  for (size_t i = 0; i < after->count; ++i) {
    const bench_row *new = &after->rows[i], *old = bench_file_find(before, new->name);
    if (is_subject(new, filter) && new->rounds && !(old && old->rounds))
      r->only_after[r->only_after_count++] = new;
  }
  if (!correct(r))
    return false;
  qsort(r->rows, r->count, sizeof *r->rows, by_effect);
  return true;
}

bool compare_files(const bench_file *before, const bench_file *after, const char *filter, bool of_peak,
                   compare_result *result, char *why, size_t size) {
  *result = (compare_result){.before = before, .after = after, .of_peak = of_peak, .alpha = 0.05, .threshold = -1};
  regex_t regex;
  if (filter) {
    const int status = regcomp(&regex, filter, REG_EXTENDED | REG_NOSUB);
    if (status) {
      char reason[128];
      regerror(status, &regex, reason, sizeof reason);
      snprintf(why, size, "--filter: \"%s\" is no extended regular expression: %s", filter, reason);
      return false;
    }
  }
  const bool filled = fill(result, filter ? &regex : NULL);
  if (filter)
    regfree(&regex);
  if (!filled)
    snprintf(why, size, "no memory for %zu benchmarks", before->count + after->count);
  else if (!result->count && !result->newly_failed_count)
    snprintf(why, size, "%s and %s have no benchmark with rounds in common%s", before->path, after->path,
             filter ? " that the filter lets pass" : "");
  return filled && (result->count || result->newly_failed_count);
}

void compare_free(compare_result *r) {
  free(r->rows);
  free(r->only_before);
  free(r->only_after);
  free(r->newly_failed);
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

compare_verdict compare_row_verdict(const compare_result *result, const compare_row *row) {
  if (!row->firm)
    return COMPARE_UNTESTED;
  if (!(row->holm < result->alpha) || row->ratio == 1)
    return COMPARE_ALIKE;
  return row->ratio > 1 ? COMPARE_SLOWER : COMPARE_FASTER;
}

bool compare_row_is_finding(const compare_result *result, const compare_row *row) {
  return compare_row_verdict(result, row) == COMPARE_SLOWER && row->ratio >= 1 + result->threshold;
}

size_t compare_findings(const compare_result *result) {
  size_t findings = 0;
  for (size_t i = 0; i < result->count; ++i)
    findings += compare_row_is_finding(result, &result->rows[i]);
  return findings;
}

double compare_mean_ratio(const compare_result *result) {
  double sum = 0;
  for (size_t i = 0; i < result->count; ++i)
    if (result->rows[i].firm)
      sum += log(result->rows[i].ratio);
  return result->tested ? exp(sum / (double)result->tested) : NAN;
}

const char *compare_difference(const bench_file *before, const bench_file *after) {
  static const char *const facts[] = {"cpu", "cpu_id", "cache_sizes", "caches_are", "library_build_type"};
  for (size_t i = 0; i < sizeof facts / sizeof *facts; ++i)
    if (strcmp(bench_file_context(before, facts[i]), bench_file_context(after, facts[i])) != 0)
      return facts[i];
  return NULL;
}
