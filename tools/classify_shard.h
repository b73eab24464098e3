/* SPDX-License-Identifier: BSD-3-Clause */
/* The share of its photos that a run of `cardinal classify` takes, and what it leaves for `cardinal merge`. */
#ifndef CARDINAL_TOOLS_CLASSIFY_SHARD_H
#define CARDINAL_TOOLS_CLASSIFY_SHARD_H

#include "tools/classify_options.h"
#include "tools/photos.h"
#include "tools/shard.h"

typedef struct classify_shard {
  char *path;          /* of the file of results or features, the shard's part of the name included; NULL: none */
  size_t first, count; /* which photos; all, where there are no shards */
  shard_note note;
  bool done; /* an earlier run has left this shard */
} classify_shard;

/* Finds out what this run is to do. Returns the command's status: fails if the shard's place is taken by another job's.
 */
int classify_shard_begin(classify_shard *shard, const classify_options *options, const cardinal_net_spec *spec,
                         const photo_list *photos);

/* Tells that the shard's file is complete. */
int classify_shard_end(classify_shard *shard, size_t failed);
void classify_shard_free(classify_shard *shard);

#endif
