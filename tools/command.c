/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void print_error(const char *name, const char *format, va_list arguments) {
  fprintf(stderr, "cardinal %s: ", name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

int tool_fail(const char *name, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_error(name, format, arguments);
  va_end(arguments);
  return TOOL_FAILED;
}

int tool_usage(const char *name, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_error(name, format, arguments);
  va_end(arguments);
  fprintf(stderr, "Try \"cardinal help %s\".\n", name);
  return TOOL_USAGE;
}

bool tool_number(const char *name, const char *option, const char *text, uint64_t least, uint64_t most,
                 uint64_t *number) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  /* strtoull takes signs and spaces, too. */
  if (text[0] < '0' || text[0] > '9' || *end || errno || value < least || value > most) {
    tool_usage(name, "%s: expected a whole number from %" PRIu64 " to %" PRIu64 ", found \"%s\"", option, least, most,
               text);
    return false;
  }
  *number = value;
  return true;
}

cardinal_status tool_make_context(const context_options *options, cardinal_context **context, cardinal_error *error) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.isa = options->isa;
  desc.threads = (uint32_t)options->threads;
  return cardinal_context_create(&desc, context, error);
}

bool tool_model_given(const model_options *options) {
  return options->model || options->depth || options->cardinality || options->width;
}

bool tool_model_complete(const char *name, const model_options *options) {
  bool custom = options->depth || options->cardinality || options->width;
  if (options->model && custom) {
    tool_usage(name, "--model doesn't go with --arch, --cardinality and --width");
    return false;
  }
  if (custom && !(options->depth && options->cardinality && options->width)) {
    tool_usage(name, "--arch, --cardinality and --width go together; one of them is missing");
    return false;
  }
  return true;
}

cardinal_status tool_make_spec(const model_options *options, cardinal_net_spec *spec, cardinal_error *error) {
  if (options->model)
    return cardinal_net_spec_named(options->model, spec, error);
  return cardinal_net_spec_custom((uint32_t)options->depth, (uint32_t)options->cardinality, (uint32_t)options->width,
                                  spec, error);
}

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
  bool printed = value && !json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) && putchar('\n') != EOF;
  json_decref(value);
  if (!printed)
    tool_fail(name, "the result can't be printed as JSON: %s", errno ? strerror(errno) : "no memory");
  return printed;
}

double tool_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void tool_progress_start(job_progress *progress) {
  progress->next = tool_clock() + 2;
}

void tool_progress(job_progress *progress, const char *format, ...) {
  double now = tool_clock();
  if (now < progress->next)
    return;
  progress->next = now + 2;
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}
