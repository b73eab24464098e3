/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- messages ------------------------------------------------------------------------------------------------ */

/* In UTF-8, U+0080 to U+009F are control characters, too. */
static bool controls(const unsigned char *c) {
  return *c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0);
}

void tool_put_clean(FILE *to, const char *text) {
  for (const unsigned char *c = (const unsigned char *)text; *c; c++)
    fputc(controls(c) ? '?' : *c, to);
}

void tool_complain(const char *name, const char *format, ...) {
  char *message = NULL;
  va_list arguments;
  va_start(arguments, format);
  bool made = vasprintf(&message, format, arguments) >= 0;
  va_end(arguments);
  tool_progress_clear();
  fprintf(stderr, "cardinal %s: ", name);
  tool_put_clean(stderr, made ? message : "no memory");
  fputc('\n', stderr);
  if (made)
    free(message);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

json_t *tool_json_text(const char *text) {
  if (!text)
    return json_null();
  json_t *value = json_string(text);
  if (value)
    return value;
  char *copy = strdup(text);
  for (char *c = copy; copy && *c; c++)
    if ((unsigned char)*c >= 0x80)
      *c = '?';
  value = copy ? json_string(copy) : NULL;
  free(copy);
  return value;
}

bool tool_print_json(const char *name, json_t *value) {
  errno = 0;
  bool printed = value && !json_dumpf(value, stdout, JSON_INDENT(2) | TOOL_JSON_PRECISION) && putchar('\n') != EOF;
  json_decref(value);
  if (!printed)
    tool_complain(name, "the result can't be printed as JSON: %s", errno ? strerror(errno) : "no memory");
  return printed;
}

/* ---- progress ------------------------------------------------------------------------------------------------ */

static struct {
  time_t next; /* 0: not started */
  int width;   /* of the line that is shown; 0: none is */
} progress;

bool tool_progress_is_due(void) {
  time_t now = time(NULL);
  if (!progress.next)
    progress.next = now + 2;
  return now >= progress.next && isatty(STDERR_FILENO);
}

void tool_progress(const char *format, ...) {
  if (!tool_progress_is_due())
    return;
  progress.next = time(NULL) + 1;
  va_list arguments;
  va_start(arguments, format);
  fputc('\r', stderr);
  int width = vfprintf(stderr, format, arguments);
  va_end(arguments);
  /* Blanks over what a longer line before it left. */
  if (width < progress.width)
    fprintf(stderr, "%*s", progress.width - width, "");
  progress.width = width;
  fflush(stderr);
}

void tool_progress_clear(void) {
  if (progress.width)
    fprintf(stderr, "\r%*s\r", progress.width, "");
  progress.width = 0;
}
