/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands of the `cardinal` program share. */
#ifndef CARDINAL_TOOLS_COMMAND_H
#define CARDINAL_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <cardinal/net.h>

/* Exit statuses. */
enum {
  TOOL_OK = 0,
  TOOL_FAILED = 1, /* a file, or the machine */
  TOOL_USAGE = 2   /* the command line */
};

typedef struct command {
  const char *name;
  const char *summary;               /* one line */
  const char *help;                  /* the whole text */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} command;

extern const command classify_command, info_command;

/* Print "cardinal NAME: ..." on stderr. The first returns TOOL_FAILED, the second adds where help is, and returns
 * TOOL_USAGE. */
int tool_fail(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
int tool_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads a whole number from `least` to `most`; says what is wrong with it otherwise, and returns false. */
bool tool_number(const char *name, const char *option, const char *text, uint64_t least, uint64_t most,
                 uint64_t *number);

/* --isa and --threads. */
typedef struct context_options {
  const char *isa;
  uint64_t threads; /* 0: the default */
} context_options;

cardinal_status tool_make_context(const context_options *options, cardinal_context **context, cardinal_error *error);

/* --model, or --arch with --cardinality and --width. */
typedef struct model_options {
  const char *model;
  uint64_t depth, cardinality, width; /* 0: not given */
} model_options;

/* Whether any of them was given. */
bool tool_model_given(const model_options *options);

/* Checks that they go together; says what is missing otherwise, and returns false. */
bool tool_model_complete(const char *name, const model_options *options);
cardinal_status tool_make_spec(const model_options *options, cardinal_net_spec *spec, cardinal_error *error);

/* A JSON text of anything: bytes that aren't UTF-8 become question marks. NULL for NULL. */
json_t *tool_json_text(const char *text);

/* Prints a JSON value on stdout and releases it; false, with a message, if that fails. */
bool tool_print_json(const char *name, json_t *value);

/* Seconds on a clock that only goes forward. */
double tool_clock(void);

/* Tells on stderr how a job gets on, from its third second on and every two seconds then. */
typedef struct job_progress {
  double next;
} job_progress;
void tool_progress_start(job_progress *progress);
void tool_progress(job_progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
