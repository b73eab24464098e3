/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/results.h"

#include <string.h>

#include "tools/command.h"

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static json_t *scores_json(const photo_result *result) {
  json_t *top = json_array();
  for (size_t i = 0; top && i < result->shown; i++) {
    const class_score *score = &result->scores[i];
    json_t *entry =
        json_pack("{s:I, s:o, s:f, s:f}", "class", (json_int_t)score->index, "name", tool_json_text(result->names[i]),
                  "probability", score->probability, "logit", (double)score->logit);
    if (json_array_append_new(top, entry)) {
      json_decref(top);
      return NULL;
    }
  }
  return top;
}

static json_t *result_json(const photo_result *result) {
  json_t *file = tool_json_text(result->path);
  if (result->problem)
    return json_pack("{s:o, s:o}", "file", file, "error", tool_json_text(result->problem));
  if (result->scores)
    return json_pack("{s:o, s:o}", "file", file, "top", scores_json(result));
  return json_pack("{s:o, s:I}", "file", file, "row", (json_int_t)result->row);
}

static bool add_json_line(FILE *to, const photo_result *result) {
  json_t *line = result_json(result);
  bool written = line && !json_dumpf(line, to, JSON_COMPACT | TOOL_JSON_PRECISION) && fputc('\n', to) != EOF;
  json_decref(line);
  return written;
}

/* ---- tables -------------------------------------------------------------------------------------------------- */

/* RFC 4180: quotes around whatever has a comma, a quote or an end of line in it, quotes doubled. */
static void put_field(FILE *to, const char *text) {
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, to);
    return;
  }
  fputc('"', to);
  for (; *text; text++) {
    if (*text == '"')
      fputc('"', to);
    fputc(*text, to);
  }
  fputc('"', to);
}

static void add_rows(const result_writer *writer, const photo_result *result) {
  FILE *to = writer->to;
  if (result->problem || !result->scores) {
    put_field(to, result->path);
    if (!result->problem)
      fprintf(to, ",%zu,", result->row);
    else
      fputs(writer->features ? ",," : ",,,,,,", to);
    put_field(to, result->problem ? result->problem : "");
    fputc('\n', to);
    return;
  }
  for (size_t i = 0; i < result->shown; i++) {
    const class_score *score = &result->scores[i];
    put_field(to, result->path);
    fprintf(to, ",%zu,%zu,", i + 1, score->index);
    put_field(to, result->names[i]);
    fprintf(to, ",%.9g,%.9g,\n", score->probability, (double)score->logit);
  }
}

/* ---- text ---------------------------------------------------------------------------------------------------- */

static void add_text(FILE *to, const photo_result *result) {
  if (!result->scores && !result->problem)
    return;
  tool_put_clean(to, result->path);
  fputc('\n', to);
  if (result->problem)
    fputs("  no result\n", to); /* why is told on the other stream */
  for (size_t i = 0; !result->problem && i < result->shown; i++) {
    fprintf(to, "  %6.2f %%  ", 100 * result->scores[i].probability);
    tool_put_clean(to, result->names[i]);
    fprintf(to, " (%zu)\n", result->scores[i].index);
  }
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

bool results_begin(result_writer *writer) {
  if (writer->format == RESULTS_CSV)
    fputs(writer->features ? "file,row,error\n" : "file,rank,class,name,probability,logit,error\n", writer->to);
  if (writer->format == RESULTS_JSON)
    writer->photos = json_array();
  return !ferror(writer->to) && (writer->photos || writer->format != RESULTS_JSON);
}

bool results_add(result_writer *writer, const photo_result *result) {
  switch (writer->format) {
  case RESULTS_JSON:
    return !json_array_append_new(writer->photos, result_json(result));
  case RESULTS_NDJSON:
    return add_json_line(writer->to, result);
  case RESULTS_CSV:
    add_rows(writer, result);
    break;
  case RESULTS_TEXT:
    add_text(writer->to, result);
  }
  return !ferror(writer->to);
}

bool results_flush(result_writer *writer) {
  return !fflush(writer->to) && !ferror(writer->to);
}

void results_free(result_writer *writer) {
  json_decref(writer->photos);
  writer->photos = NULL;
}
