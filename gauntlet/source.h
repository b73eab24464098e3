/* SPDX-License-Identifier: BSD-3-Clause */
/* Foreign kernels before any of them runs: loading a plug-in, and asking it, in a child, what it has and takes. */
#ifndef CARDINAL_GAUNTLET_SOURCE_H
#define CARDINAL_GAUNTLET_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/plugin.h>

#include "gauntlet/descriptor.h"

/* Where kernels come from. */
typedef struct gauntlet_source {
  const char *path;              /* a shared object, loaded in the child; or NULL: */
  const cardinal_plugin *plugin; /* a list that is at hand */
} gauntlet_source;

/* What a kernel declares; a copy that outlives the plug-in. */
typedef struct gauntlet_declaration {
  char name[64];
  cardinal_plugin_operation operation;
  cardinal_plugin_format format;
  cardinal_plugin_promise promise;
  cardinal_layout x_layout, y_layout;
  bool rows;
  char needs[128];
} gauntlet_declaration;

enum {
  GAUNTLET_MOST_KERNELS = 256,
  GAUNTLET_REASON_BYTES = 120
};

/* A plug-in's answers. */
typedef struct gauntlet_list {
  char name[64]; /* of the plug-in */
  size_t count;
  gauntlet_declaration kernels[GAUNTLET_MOST_KERNELS];
} gauntlet_list;

/* The list of a source, loaded into this process and checked; NULL with a sentence in `message`. Runs code of the
 * plug-in: for children. */
const cardinal_plugin *gauntlet_source_open(const gauntlet_source *source, char *message, size_t size);

/* Reads a source's declarations in a child. False, with a sentence in `message`: it can't be loaded, isn't what
 * plugin.h demands, or crashed, ended or hung the child. */
bool gauntlet_source_list(const gauntlet_source *source, gauntlet_list *list, char *message, size_t size);

/* Asks a kernel, in a child, which of `count` problems it serves: reasons[i] is "" or why not. False with a message as
 * above. */
bool gauntlet_source_ask(const gauntlet_source *source, size_t kernel, const gauntlet_problem *problems, size_t count,
                         char (*reasons)[GAUNTLET_REASON_BYTES], char *message, size_t size);

/* The problem as a plug-in is told of it; points into `problem`. */
cardinal_plugin_problem gauntlet_plugin_problem(const gauntlet_problem *problem);

/* Which of the features that a declaration needs this CPU lacks: the first one's name in `missing`, and false. A name
 * that isn't known counts as missing. */
bool gauntlet_needs_met(const char *needs, char *missing, size_t size);

#endif
