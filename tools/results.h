/* SPDX-License-Identifier: BSD-3-Clause */
/* How results get out: for people, as one JSON document, as a JSON object a line, or as a table with commas. */
#ifndef CARDINAL_TOOLS_RESULTS_H
#define CARDINAL_TOOLS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

typedef enum result_format {
  RESULTS_TEXT,
  RESULTS_JSON,
  RESULTS_NDJSON,
  RESULTS_CSV
} result_format;

typedef struct class_score {
  size_t index;
  float logit;
  double probability;
} class_score;

/* What came of one photo. */
typedef struct photo_result {
  const char *path;
  const char *problem;       /* NULL, or why there is no result */
  const class_score *scores; /* the best `shown`; NULL: features, in row `row` of their file */
  const char *const *names;  /* of those classes */
  size_t shown, row;
} photo_result;

typedef struct result_writer {
  result_format format;
  bool features;
  FILE *to;
  json_t *photos; /* what RESULTS_JSON collects */
} result_writer;

/* Each returns false if memory has run out or the stream can't be written to (ferror tells). */
bool results_begin(result_writer *writer);
bool results_add(result_writer *writer, const photo_result *result);

/* Hands on what was written so far, so that whoever reads along has whole results. */
bool results_flush(result_writer *writer);

void results_free(result_writer *writer);

#endif
