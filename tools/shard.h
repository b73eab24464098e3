/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One share of a long list, whose results are a file of their own until `cardinal merge` puts all shares together.
 *
 * Shard 2 of 4 of FILE is FILE.2-of-4, and FILE.2-of-4.json tells about it. Both appear whole or not at all, the second
 * last: where it is, the shard is done.
 */
#ifndef CARDINAL_TOOLS_SHARD_H
#define CARDINAL_TOOLS_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct shard_share {
  uint64_t shard, of; /* from 1 to of; of 0: there are no shards */
} shard_share;

/* What is told about a shard. */
typedef struct shard_note {
  shard_share share;
  uint64_t photos;       /* of the whole list */
  uint64_t first, count; /* this shard's */
  uint64_t failed;       /* of these, gave no result */
  char format[16];       /* "ndjson", "csv" or "npy" */
  uint64_t columns;      /* of npy; else 0 */
  uint64_t job;          /* hash of all that decides the results: only shards of one job go together */
  uint64_t bytes, hash;  /* of the shard's file */
} shard_note;

/* Reads "2/4", "slurm" (the task of an array that has one task a shard) or "slurm/4" (the array's task ids are shards
 * from 1 on). False, with a sentence in `why`. */
bool shard_parse(const char *text, shard_share *share, char *why, size_t size);

/* Which of `photos` photos are a shard's: *count from *first on. Shards differ by one at most. */
void shard_range(shard_share share, uint64_t photos, uint64_t *first, uint64_t *count);

/* The name of a shard's file; from malloc, or NULL. */
char *shard_path(const char *file, shard_share share);

/* Adds a text, or a number, to a hash, which starts as SHARD_HASH_START. */
#define SHARD_HASH_START UINT64_C(0xCBF29CE484222325)
uint64_t shard_hash_text(uint64_t hash, const char *text);
uint64_t shard_hash_number(uint64_t hash, uint64_t number);

/* Size and hash of a file's content; false, with the reason, if it can't be read. */
bool shard_measure(const char *path, uint64_t *bytes, uint64_t *hash, char *why, size_t size);

/* Writes the note of the shard whose file is `path`, or reads it; false, with the reason. *missing: there is none. */
bool shard_note_write(const char *path, const shard_note *note, char *why, size_t size);
bool shard_note_read(const char *path, shard_note *note, bool *missing, char *why, size_t size);

#endif
