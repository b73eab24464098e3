/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/shard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tools/outfile.h"

enum {
  MOST_SHARDS = 1000000
};

static const char schema[] = "cardinal-shard-1";

/* ---- which shard ------------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *value) {
  char *end;
  errno = 0;
  *value = strtoull(text ? text : "", &end, 10);
  return text && *text >= '0' && *text <= '9' && !*end && !errno && *value >= least && *value <= most;
}

static bool read_variable(const char *variable, uint64_t least, uint64_t *value, char *why, size_t size) {
  if (read_number(getenv(variable), least, UINT32_MAX, value))
    return true;
  snprintf(why, size, "%s isn't set to a number: is this a task of a Slurm job array?", variable);
  return false;
}

/* Of an array such as --array=0-15 or 10-40:10. */
static bool from_slurm(shard_share *share, char *why, size_t size) {
  uint64_t id, count, least, step;
  if (!read_variable("SLURM_ARRAY_TASK_ID", 0, &id, why, size) ||
      !read_variable("SLURM_ARRAY_TASK_COUNT", 1, &count, why, size) ||
      !read_variable("SLURM_ARRAY_TASK_MIN", 0, &least, why, size))
    return false;
  if (!read_number(getenv("SLURM_ARRAY_TASK_STEP"), 1, UINT32_MAX, &step))
    step = 1;
  if (id < least || (id - least) % step || (id - least) / step >= count) {
    snprintf(why, size,
             "the array's tasks aren't numbered evenly (task %" PRIu64 " of %" PRIu64 ", from %" PRIu64
             " in steps of %" PRIu64 "); expected an array such as 1-16, or slurm/N",
             id, count, least, step);
    return false;
  }
  *share = (shard_share){(id - least) / step + 1, count};
  return true;
}

bool shard_parse(const char *text, shard_share *share, char *why, size_t size) {
  if (!strcmp(text, "slurm"))
    return from_slurm(share, why, size);
  const char *slash = strchr(text, '/');
  char before[32] = "";
  if (slash && (size_t)(slash - text) < sizeof before)
    memcpy(before, text, (size_t)(slash - text));
  const char *id = strcmp(before, "slurm") ? before : getenv("SLURM_ARRAY_TASK_ID");
  if (!id) {
    snprintf(why, size, "SLURM_ARRAY_TASK_ID isn't set: is this a task of a Slurm job array?");
    return false;
  }
  if (slash && read_number(slash + 1, 1, MOST_SHARDS, &share->of) && read_number(id, 1, share->of, &share->shard))
    return true;
  snprintf(why, size, "expected I/N with I from 1 to N, slurm, or slurm/N, found \"%s\"%s%s", text,
           id == before ? "" : " in task ", id == before ? "" : id);
  return false;
}

void shard_range(shard_share share, uint64_t photos, uint64_t *first, uint64_t *count) {
  *first = photos / share.of * (share.shard - 1) + photos % share.of * (share.shard - 1) / share.of;
  const uint64_t end = photos / share.of * share.shard + photos % share.of * share.shard / share.of;
  *count = end - *first;
}

char *shard_path(const char *file, shard_share share) {
  char *path;
  return asprintf(&path, "%s.%" PRIu64 "-of-%" PRIu64, file, share.shard, share.of) < 0 ? NULL : path;
}

/* ---- hashes ------------------------------------------------------------------------------------------------------ */

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
  for (size_t i = 0; i < count; ++i)
    hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
  return hash;
}

uint64_t shard_hash_text(uint64_t hash, const char *text) {
  return text ? hash_bytes(hash, text, strlen(text) + 1) : shard_hash_number(hash, 0);
}

uint64_t shard_hash_number(uint64_t hash, uint64_t number) {
  return hash_bytes(hash, &number, sizeof number);
}

bool shard_measure(const char *path, uint64_t *bytes, uint64_t *hash, char *why, size_t size) {
  char part[1 << 14];
  FILE *file = fopen(path, "rb");
  *bytes = 0;
  *hash = SHARD_HASH_START;
  for (size_t got; file && (got = fread(part, 1, sizeof part, file)) > 0; *bytes += got)
    *hash = hash_bytes(*hash, part, got);
  const bool read = file && !ferror(file);
  if (!read)
    snprintf(why, size, "%s: %s", path, strerror(errno));
  if (file)
    fclose(file);
  return read;
}

/* ---- notes ------------------------------------------------------------------------------------------------------- */

static char *note_path(const char *path) {
  char *note;
  return asprintf(&note, "%s.json", path) < 0 ? NULL : note;
}

static json_t *hexadecimal(uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%016" PRIx64, value);
  return json_string(text);
}

bool shard_note_write(const char *path, const shard_note *note, char *why, size_t size) {
  char *to = note_path(path);
  json_t *told =
      json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:o, s:I, s:o}", "schema", schema, "shard",
                (json_int_t)note->share.shard, "of", (json_int_t)note->share.of, "photos", (json_int_t)note->photos,
                "first", (json_int_t)note->first, "count", (json_int_t)note->count, "failed", (json_int_t)note->failed,
                "format", note->format, "columns", (json_int_t)note->columns, "job", hexadecimal(note->job), "bytes",
                (json_int_t)note->bytes, "hash", hexadecimal(note->hash));
  outfile file = {.problem = "no memory"};
  const bool written = to && told && outfile_open(&file, to) && !json_dumpf(told, file.stream, JSON_INDENT(2)) &&
                       outfile_write(&file, "\n", 1) && outfile_finish(&file);
  if (!written)
    snprintf(why, size, "%s: %s", to ? to : path, file.problem[0] ? file.problem : "can't be written");
  outfile_abandon(&file);
  json_decref(told);
  free(to);
  return written;
}

static bool read_hexadecimal(const char *text, uint64_t *value) {
  char *end;
  *value = strtoull(text, &end, 16);
  return strlen(text) == 16 && !*end;
}

static bool unpack(json_t *told, shard_note *note, char *why, size_t size) {
  const char *found, *format, *job, *hash;
  json_int_t shard, of, photos, first, count, failed, columns, bytes;
  json_error_t error;
  if (json_unpack_ex(told, &error, 0, "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:s, s:I, s:s}", "schema", &found,
                     "shard", &shard, "of", &of, "photos", &photos, "first", &first, "count", &count, "failed", &failed,
                     "format", &format, "columns", &columns, "job", &job, "bytes", &bytes, "hash", &hash)) {
    snprintf(why, size, "is no note of a shard: %s", error.text);
    return false;
  }
  *note = (shard_note){.share = {(uint64_t)shard, (uint64_t)of},
                       .photos = (uint64_t)photos,
                       .first = (uint64_t)first,
                       .count = (uint64_t)count,
                       .failed = (uint64_t)failed,
                       .columns = (uint64_t)columns,
                       .bytes = (uint64_t)bytes};
  snprintf(note->format, sizeof note->format, "%s", format);
  bool sound = !strcmp(found, schema) && of >= 1 && of <= MOST_SHARDS && shard >= 1 && shard <= of && photos >= 0 &&
               failed >= 0 && failed <= count && bytes >= 0 && columns >= 0 && read_hexadecimal(job, &note->job) &&
               read_hexadecimal(hash, &note->hash);
  uint64_t right_first = 0, right_count = 0;
  if (sound)
    shard_range(note->share, note->photos, &right_first, &right_count);
  sound = sound && right_first == note->first && right_count == note->count;
  if (!sound)
    snprintf(why, size, "is no note of a shard: its figures contradict each other");
  return sound;
}

bool shard_note_read(const char *path, shard_note *note, bool *missing, char *why, size_t size) {
  char *from = note_path(path), reason[256] = "no memory";
  json_error_t error;
  FILE *file = from ? fopen(from, "rb") : NULL;
  *missing = from && !file && errno == ENOENT;
  if (from && !file)
    snprintf(reason, sizeof reason, "%s", strerror(errno));
  json_t *told = file ? json_loadf(file, JSON_REJECT_DUPLICATES, &error) : NULL;
  if (file && !told)
    snprintf(reason, sizeof reason, "line %d, column %d: %s", error.line, error.column, error.text);
  const bool read = told && unpack(told, note, reason, sizeof reason);
  if (!read)
    snprintf(why, size, "%s: %s", from ? from : path, reason);
  if (file)
    fclose(file);
  json_decref(told);
  free(from);
  return read;
}
