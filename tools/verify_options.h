/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_TOOLS_VERIFY_OPTIONS_H
#define CARDINAL_TOOLS_VERIFY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gauntlet/descriptor.h"

/* What `cardinal verify` was asked for. */
typedef struct verify_options {
  const char *plugin, *part, *isa; /* NULL: not given */
  gauntlet_problem *problems;      /* to be freed */
  size_t problem_count;
  bool problems_read; /* false: a file of problems couldn't be, as was said */
  uint64_t cases, seed, timeout;
  bool verbose, json;
} verify_options;

/* Reads the command line; what is wrong with it is said and ends the program. */
void verify_options_read(verify_options *to, int argc, char **argv);

#endif
