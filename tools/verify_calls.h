/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of `cardinal verify` that calls the library's micro-kernels one by one. */
#ifndef CARDINAL_TOOLS_VERIFY_CALLS_H
#define CARDINAL_TOOLS_VERIFY_CALLS_H

#include <jansson.h>

#include "tools/verify_options.h"

enum {
  VERIFY_SHOWN_FAILURES = 5 /* of a kernel, without --verbose */
};

/* What came of one kernel's calls. */
typedef struct verify_calls {
  const verify_options *options;
  size_t calls, failures;
  json_t *told; /* with --json: failures, or all with --verbose */
  double seconds;
} verify_calls;

/* Calls the library's kernel of that name, unless this CPU can't run it, and prints what is to be told, or appends it
 * to calls->told. */
void verify_calls_run(verify_calls *calls, const char *kernel);

/* "wrong value, unwritten output"; returns `text`. */
const char *verify_violations(uint32_t violations, char *text, size_t size);
json_t *verify_json_violations(uint32_t violations);

#endif
