/* SPDX-License-Identifier: BSD-3-Clause */
/* What `cardinal tune` tells: as a table, as JSON, and as the file that contexts read. */
#ifndef CARDINAL_TOOLS_TUNE_REPORT_H
#define CARDINAL_TOOLS_TUNE_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "gauntlet/descriptor.h"
#include "tools/tune_measure.h"

/* Each shape once. */
typedef struct tune_subject {
  tune_problem *problems; /* from malloc; NULL if there are none */
  size_t count;
} tune_subject;

/* The formats of its shapes. */
format_set tune_subject_formats(const tune_subject *subject);

void tune_print_heading(void);
void tune_print_problem(const tune_problem *problem);
void tune_print_summary(const tune_subject *subject, const cardinal_context *context,
                        const tune_yardsticks *yardsticks);

/* The same for programs; NULL without memory. */
json_t *tune_json(const tune_subject *subject, const cardinal_context *context, const tune_yardsticks *yardsticks);

/* A line for each shape, below a comment with what was measured. */
void tune_write(FILE *to, const tune_subject *subject, const cardinal_context *context);

#endif
