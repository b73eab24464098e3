/* SPDX-License-Identifier: BSD-3-Clause */
/* From logits to the classes worth showing. */
#ifndef CARDINAL_TOOLS_SCORES_H
#define CARDINAL_TOOLS_SCORES_H

#include <stdbool.h>

#include "tools/results.h"

/* Fills `scores`, of `classes` elements: most probable first, equal ones by index; probabilities by softmax. */
void scores_rank(const float *logits, size_t classes, class_score *scores);

/* The index of the first value that isn't finite, or `count`. */
size_t first_not_finite(const float *values, size_t count);

#endif
