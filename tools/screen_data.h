/* SPDX-License-Identifier: BSD-3-Clause */
/* The data of single layers that `cardinal screen` lets a core compute: the same on every machine. */
#ifndef CARDINAL_TOOLS_SCREEN_DATA_H
#define CARDINAL_TOOLS_SCREEN_DATA_H

#include "gauntlet/operands.h"

enum {
  SCREEN_PATTERNS = 4
};

typedef struct screen_data {
  gauntlet_operands operands;
  int8_t *steps;      /* int8: the weights, */
  float *step_scales; /* and what one of them is worth, by output channel */
} screen_data;

/* Makes the data of a problem with one of the patterns, in its format. False without memory; to be freed all the same.
 */
bool screen_data_make(screen_data *data, const gauntlet_problem *problem, unsigned pattern);
void screen_data_free(screen_data *data);

#endif
