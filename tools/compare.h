/* SPDX-License-Identifier: BSD-3-Clause */
/* Two runs of the benchmark, row by row: what `cardinal compare` concludes and prints. */
#ifndef CARDINAL_TOOLS_COMPARE_H
#define CARDINAL_TOOLS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/bench_file.h"
#include "tools/statistics.h"

/* A benchmark that both runs have. */
typedef struct compare_row {
  const bench_row *before, *after;
  double ratio; /* of the medians, after / before: above 1 is slower */
  statistics_interval interval;
  bool firm;   /* both have enough quiet rounds; only then it was tested */
  double p;    /* Mann-Whitney, two-sided; NAN: not tested */
  double holm; /* the same, corrected for the number of rows that were tested */
} compare_row;

typedef struct compare_result {
  const bench_file *before, *after;
  compare_row *rows; /* the largest changes first, those that weren't tested behind all others */
  size_t count, tested;
  const bench_row **only_before, **only_after; /* benchmarks with rounds that the other run lacks */
  size_t only_before_count, only_after_count;
  const bench_row **newly_failed; /* in the second run, but not in the first one */
  size_t newly_failed_count;
  double alpha;     /* the level of significance */
  double threshold; /* what counts as slower for the exit status; negative: not asked for */
  bool of_peak;     /* times are counted in what the peak could have done meanwhile */
} compare_result;

typedef enum compare_verdict {
  COMPARE_SLOWER,
  COMPARE_FASTER,
  COMPARE_ALIKE, /* no difference is shown */
  COMPARE_UNTESTED
} compare_verdict;

/* Compares what matches `filter` (an extended regular expression; NULL: everything) and isn't a peak. The result is to
 * be freed in any case. False with a message in `why`. */
bool compare_files(const bench_file *before, const bench_file *after, const char *filter, bool of_peak,
                   compare_result *result, char *why, size_t size);
void compare_free(compare_result *result);

compare_verdict compare_row_verdict(const compare_result *result, const compare_row *row);

/* Whether a row is a finding: significantly slower, by the threshold or more. */
bool compare_row_is_finding(const compare_result *result, const compare_row *row);
size_t compare_findings(const compare_result *result);

/* The geometric mean of the tested rows' ratios; NAN if there is none. */
double compare_mean_ratio(const compare_result *result);

/* A fact of the context in which two runs differ so that their times can't be compared; NULL: none. */
const char *compare_difference(const bench_file *before, const bench_file *after);

/* A table in plain text or in Markdown, and the whole as JSON. */
void compare_print(const compare_result *result, bool markdown, FILE *to);
json_t *compare_json(const compare_result *result);

#endif
