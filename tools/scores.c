/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/scores.h"

#include <math.h>
#include <stdlib.h>

static int better_first(const void *a, const void *b) {
  const class_score *one = a, *other = b;
  if (one->logit != other->logit)
    return one->logit > other->logit ? -1 : 1;
  return (one->index > other->index) - (one->index < other->index);
}

void scores_rank(const float *logits, size_t classes, class_score *scores) {
  for (size_t i = 0; i < classes; i++)
    scores[i] = (class_score){.index = i, .logit = logits[i]};
  qsort(scores, classes, sizeof *scores, better_first);
  double sum = 0;
  for (size_t i = 0; i < classes; i++)
    sum += scores[i].probability = exp((double)scores[i].logit - (double)scores[0].logit);
  for (size_t i = 0; i < classes; i++)
    scores[i].probability /= sum;
}

size_t first_not_finite(const float *values, size_t count) {
  size_t i = 0;
  while (i < count && isfinite(values[i]))
    i++;
  return i;
}
