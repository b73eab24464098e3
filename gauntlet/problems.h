/* SPDX-License-Identifier: BSD-3-Clause */
/* Many problems: given one by one, in a file, or as one descriptor with lists in it. docs/descriptors.md has the
 * grammars. */
#ifndef CARDINAL_GAUNTLET_PROBLEMS_H
#define CARDINAL_GAUNTLET_PROBLEMS_H

#include "gauntlet/descriptor.h"

/* Starts as {NULL}; `problem` is to be freed with free(). */
typedef struct gauntlet_problems {
  gauntlet_problem *problem;
  size_t count;
} gauntlet_problems;

enum {
  GAUNTLET_SWEEP_MOST = 1000 /* problems that one sweep may have */
};

/* Each appends problems. False with a sentence in `error`: CARDINAL_INVALID_ARGUMENT where a descriptor is wrong,
 * CARDINAL_BAD_FILE where a file can't be read or holds none, CARDINAL_OUT_OF_MEMORY. */
bool gauntlet_problems_add(gauntlet_problems *to, const char *descriptor, cardinal_error *error);

/* A batch file: a descriptor a line; empty lines and what follows a # are passed over. Messages name file and line. */
bool gauntlet_problems_add_file(gauntlet_problems *to, const char *path, cardinal_error *error);

/* A descriptor whose numbers may be lists, "conv g1,32 w4,8 i28 k3 p1": all combinations, the last list the fastest.
 * `w` stands for the channels of a group, in and out. */
bool gauntlet_problems_add_sweep(gauntlet_problems *to, const char *text, cardinal_error *error);

#endif
