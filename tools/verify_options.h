/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_TOOLS_VERIFY_OPTIONS_H
#define CARDINAL_TOOLS_VERIFY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gauntlet/given.h"
#include "gauntlet/problems.h"
#include "tools/network_options.h"

/* What `cardinal verify` was asked for. */
typedef struct verify_options {
  const char *plugin, *part, *isa; /* NULL: not given */
  gauntlet_problems problems;
  bool problems_read;                     /* false: a file of problems couldn't be, as was said */
  const char *reference, *reference_case; /* NULL: not given */
  gauntlet_rule judge;
  bool judge_given;
  format_set formats;
  weights_options network; /* that is held against the reference, if one was named */
  double tolerance;        /* of a network; negative if it wasn't given */
  uint64_t cases, seed, timeout;
  uint64_t calls; /* of each micro-kernel; 0: none */
  uint64_t call;  /* the only one, counted from 1, and no trials; 0: not given */
  bool verbose, json;
} verify_options;

/* Whether a network is to be held against a reference, and not kernels. */
bool verify_options_network(const verify_options *options);

/* Reads the command line; what is wrong with it is said and ends the program. */
void verify_options_read(verify_options *to, int argc, char **argv);

#endif
