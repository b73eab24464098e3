/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of `cardinal classify`. */
#ifndef CARDINAL_TOOLS_CLASSIFY_OPTIONS_H
#define CARDINAL_TOOLS_CLASSIFY_OPTIONS_H

#include "tools/network_options.h"
#include "tools/results.h"
#include "tools/shard.h"

typedef struct classify_options {
  weights_options network;
  context_options context;
  transform_options transform;
  cardinal_precision precision;
  const char *labels, *features, *output;
  uint64_t top, batch;
  bool top_given, profile;
  result_format format;
  shard_share share;
  char **photos; /* as they are named: files, folders, lists */
  size_t photo_count;
} classify_options;

/* Ends the program if something is wrong, or help was asked for. */
void classify_options_read(classify_options *to, int argc, char **argv);

#endif
