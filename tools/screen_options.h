/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_TOOLS_SCREEN_OPTIONS_H
#define CARDINAL_TOOLS_SCREEN_OPTIONS_H

#include "tools/network_options.h"

/* What `cardinal screen` was asked for. */
typedef struct screen_options {
  const char *cores, *isa, *work, *node; /* NULL: not given */
  double minutes, slow;                  /* of each core, or of all together; percent below the siblings' median */
  uint64_t timeout;                      /* seconds that one run may take */
  format_set formats;
  bool together, json;
} screen_options;

/* Reads the command line; what is wrong with it is said and ends the program. */
void screen_options_read(screen_options *to, int argc, char **argv);

#endif
