/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands of the `cardinal` program share. */
#ifndef CARDINAL_TOOLS_COMMAND_H
#define CARDINAL_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

/* Exit statuses. */
enum {
  TOOL_OK = 0,
  TOOL_FAILED = 1, /* a file, or the machine */
  TOOL_USAGE = 2   /* the command line */
};

typedef struct command {
  const char *name;
  const char *summary;               /* one line */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} command;

extern const command classify_command, compare_command, fleet_report_command, info_command, merge_command,
    quantize_command, report_command, screen_command, tune_command, verify_command;

/* Prints "cardinal NAME: ..." on stderr, control characters replaced. */
void tool_complain(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, and gives TOOL_FAILED; a macro, so that analysers see that it isn't 0. */
#define tool_fail(...) (tool_complain(__VA_ARGS__), TOOL_FAILED)

/* Prints a text from outside in which no character steers a terminal: control characters become question marks. */
void tool_put_clean(FILE *to, const char *text);

/* Digits that bring back every float. */
#define TOOL_JSON_PRECISION JSON_REAL_PRECISION(9)

/* A JSON text of anything: bytes that aren't UTF-8 become question marks. null for NULL; NULL without memory. */
json_t *tool_json_text(const char *text);

/* Prints a JSON value on stdout and releases it; false, with a message, if that fails, or if it is NULL. */
bool tool_print_json(const char *name, json_t *value);

/* Tells how a job gets on, in one line that is written over again and again, from its third second on; only if stderr
 * is a terminal. */
void tool_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether tool_progress would show anything now: what it is to say may be costly to find out. */
bool tool_progress_is_due(void);

/* Wipes the line out, before anything else is printed. */
void tool_progress_clear(void);

#endif
