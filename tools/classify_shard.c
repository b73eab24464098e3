/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/classify_shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net/architecture.h"
#include "tools/command.h"

static const char name[] = "classify";

static uint64_t hash_transform(uint64_t hash, const transform_options *transform) {
  hash = shard_hash_number(hash, (uint64_t)transform->resize);
  hash = shard_hash_number(hash, (uint64_t)transform->crop);
  for (int i = 0; i < 3; i++) {
    uint32_t bits[2];
    memcpy(&bits[0], &transform->mean[i], sizeof bits[0]);
    memcpy(&bits[1], &transform->deviation[i], sizeof bits[1]);
    hash = shard_hash_number(hash, (uint64_t)bits[0] << 32 | bits[1]);
  }
  return hash;
}

/* The default is what the weights are for, so that f32 of floats and int8 of a file that is quantised aren't others. */
static cardinal_precision deciding_precision(const classify_options *o) {
  const bool usual =
      o->precision == CARDINAL_PRECISION_F32 || (o->precision == CARDINAL_PRECISION_INT8 && o->network.weights);
  return usual ? CARDINAL_PRECISION_DEFAULT : o->precision;
}

/* Everything that decides a result. Batch, threads and instruction set don't: shards may come from unlike machines. */
static uint64_t hash_job(const classify_options *o, const cardinal_net_spec *spec, const photo_list *photos) {
  struct stat info = {0};
  uint64_t hash = shard_hash_text(SHARD_HASH_START, spec->name);
  for (int stage = 0; stage < 4; stage++)
    hash = shard_hash_number(hash, spec->blocks[stage]);
  hash = shard_hash_number(hash, spec->cardinality);
  hash = shard_hash_number(hash, spec->width_per_group);
  hash = shard_hash_number(hash, spec->classes);
  hash = shard_hash_number(hash, spec->stem_channels);
  hash = shard_hash_number(hash, spec->stage_channels);
  hash = shard_hash_text(hash, o->network.weights);
  if (o->network.weights && !stat(o->network.weights, &info))
    hash = shard_hash_number(hash, (uint64_t)info.st_size);
  hash = shard_hash_number(hash, o->network.weights ? 0 : o->network.seed);
  hash = shard_hash_number(hash, (uint64_t)deciding_precision(o));
  hash = hash_transform(hash, &o->transform);
  hash = shard_hash_number(hash, o->features ? 0 : o->top);
  hash = shard_hash_text(hash, o->labels);
  hash = shard_hash_number(hash, (uint64_t)o->format);
  hash = shard_hash_number(hash, o->features != NULL);
  for (size_t i = 0; i < photos->count; i++)
    hash = shard_hash_text(hash, photos->photos[i].path);
  return hash;
}

/* Whether an earlier run's file is there as its note says. */
static bool is_sound(const classify_shard *shard, const shard_note *found) {
  char why[512];
  uint64_t bytes, hash;
  if (!shard_measure(shard->path, &bytes, &hash, why, sizeof why))
    return false;
  return bytes == found->bytes && hash == found->hash;
}

static int look_for_earlier(classify_shard *shard) {
  char why[512];
  bool missing;
  shard_note found;
  if (!shard_note_read(shard->path, &found, &missing, why, sizeof why))
    return missing ? TOOL_OK : tool_fail(name, "%s", why);
  if (found.job != shard->note.job || found.photos != shard->note.photos)
    return tool_fail(name, "%s.json is of another job, with other photos or options; remove it, or write elsewhere",
                     shard->path);
  if (!is_sound(shard, &found)) {
    fprintf(stderr, "%s isn't what its note says; it is made again\n", shard->path);
    return TOOL_OK;
  }
  shard->note = found;
  shard->done = true;
  fprintf(stderr, "shard %" PRIu64 " of %" PRIu64 " is there already: %s\n", found.share.shard, found.share.of,
          shard->path);
  if (!found.failed)
    return TOOL_OK;
  return tool_fail(name, "%" PRIu64 " of its %" PRIu64 " photos gave no result", found.failed, found.count);
}

int classify_shard_begin(classify_shard *shard, const classify_options *o, const cardinal_net_spec *spec,
                         const photo_list *photos) {
  const char *file = o->features ? o->features : o->output;
  *shard = (classify_shard){.count = photos->count};
  if (file)
    shard->path = o->share.of ? shard_path(file, o->share) : strdup(file);
  if (file && !shard->path)
    return tool_fail(name, "no memory");
  if (!o->share.of)
    return TOOL_OK;
  shard_note *note = &shard->note;
  *note = (shard_note){.share = o->share,
                       .photos = photos->count,
                       .columns = o->features ? (size_t)cardinal_spec_features(spec) : 0,
                       .job = hash_job(o, spec, photos)};
  snprintf(note->format, sizeof note->format, "%s",
           o->features                   ? "npy"
           : o->format == RESULTS_NDJSON ? "ndjson"
                                         : "csv");
  shard_range(o->share, photos->count, &note->first, &note->count);
  shard->first = note->first;
  shard->count = note->count;
  return look_for_earlier(shard);
}

int classify_shard_end(classify_shard *shard, size_t failed) {
  char why[512];
  shard_note *note = &shard->note;
  if (!note->share.of)
    return TOOL_OK;
  note->failed = failed;
  if (shard_measure(shard->path, &note->bytes, &note->hash, why, sizeof why) &&
      shard_note_write(shard->path, note, why, sizeof why))
    return TOOL_OK;
  return tool_fail(name, "%s", why);
}

void classify_shard_free(classify_shard *shard) {
  free(shard->path);
}
