/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal merge`: shards of `cardinal classify` become the file that one run would have written. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/npy.h"
#include "tools/options.h"
#include "tools/outfile.h"
#include "tools/shard.h"

static const char name[] = "merge";

typedef struct merge_options {
  const char *output;
  char **parts;
  size_t part_count;
} merge_options;

typedef struct part {
  const char *path;
  shard_note note;
} part;

/* ---- the command line -------------------------------------------------------------------------------------------- */

enum {
  OPTION_OUTPUT = OPTION_FIRST_OWN
};

static const struct argp_option list[] = {
    {"output", OPTION_OUTPUT, "FILE", 0, "where to write the whole; must be given, and appears whole or not at all", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  merge_options *to = state->input;
  switch (key) {
  case OPTION_OUTPUT:
    to->output = argument;
    return 0;
  case ARGP_KEY_ARGS:
    to->parts = state->argv + state->next;
    to->part_count = (size_t)(state->argc - state->next);
    return 0;
  case ARGP_KEY_END:
    if (!to->part_count)
      options_refuse(state, "no shard was named");
    if (!to->output)
      options_refuse(state, "--output is missing");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp merge_argp = {
    .options = list,
    .parser = parse,
    .args_doc = "SHARD...",
    .doc = "Puts the shards that `cardinal classify` made together: the result is the file that one run would have "
           "written. SHARD names a shard's file, such as out.csv.2-of-4; its note, out.csv.2-of-4.json, lies beside it."
           "\v"
           "Refuses a gap, a shard given twice, shards of different jobs, and files that aren't what their notes say. "
           "The exit status is 1 then, and nothing is written; 2 if the command line is wrong.",
};

/* ---- what is given ----------------------------------------------------------------------------------------------- */

static int by_shard(const void *a, const void *b) {
  const part *x = a, *y = b;
  return (x->note.share.shard > y->note.share.shard) - (x->note.share.shard < y->note.share.shard);
}

static int read_notes(const merge_options *options, part *parts) {
  char why[512];
  bool missing;
  for (size_t i = 0; i < options->part_count; ++i) {
    parts[i].path = options->parts[i];
    if (!shard_note_read(parts[i].path, &parts[i].note, &missing, why, sizeof why))
      return tool_fail(name, "%s%s", why, missing ? "; is this a shard's file, and was it finished?" : "");
  }
  return TOOL_OK;
}

/* Whether the parts are all shards of one job; sorts them. */
static int check_parts(part *parts, size_t count) {
  const shard_note *one = &parts[0].note;
  for (size_t i = 1; i < count; ++i) {
    const shard_note *other = &parts[i].note;
    if (other->job != one->job || other->photos != one->photos || strcmp(other->format, one->format) != 0 ||
        other->columns != one->columns)
      return tool_fail(name, "%s and %s are shards of different jobs", parts[0].path, parts[i].path);
    if (other->share.of != one->share.of)
      return tool_fail(name, "%s is one of %" PRIu64 " shards, %s one of %" PRIu64, parts[0].path, one->share.of,
                       parts[i].path, other->share.of);
  }
  qsort(parts, count, sizeof *parts, by_shard);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t shard = parts[i].note.share.shard;
    if (i && shard == parts[i - 1].note.share.shard)
      return tool_fail(name, "shard %" PRIu64 " is given twice: %s and %s", shard, parts[i - 1].path, parts[i].path);
    if (shard != i + 1)
      return tool_fail(name, "shard %zu of %" PRIu64 " is missing", i + 1, parts[0].note.share.of);
  }
  if (count < parts[0].note.share.of)
    return tool_fail(name, "shard %zu of %" PRIu64 " is missing", count + 1, parts[0].note.share.of);
  return TOOL_OK;
}

static int check_files(const part *parts, size_t count) {
  char why[512];
  for (size_t i = 0; i < count; ++i) {
    uint64_t bytes, hash;
    if (!shard_measure(parts[i].path, &bytes, &hash, why, sizeof why))
      return tool_fail(name, "%s", why);
    if (bytes != parts[i].note.bytes || hash != parts[i].note.hash)
      return tool_fail(name, "%s isn't what its note says: it was changed or cut short", parts[i].path);
  }
  return TOOL_OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Passes over the head of a shard's file, if its format has one; the first shard's may go into the whole. */
static bool skip_head(FILE *from, const part *p, outfile *to) {
  if (!strcmp(p->note.format, "npy")) {
    char head[NPY_HEADER_BYTES], expected[NPY_HEADER_BYTES];
    npy_header(expected, p->note.count, p->note.columns);
    return fread(head, 1, sizeof head, from) == sizeof head && !memcmp(head, expected, sizeof head);
  }
  if (strcmp(p->note.format, "csv") != 0)
    return true;
  for (int c = 0; c != '\n';) {
    c = getc(from);
    const char byte = (char)c;
    if (c == EOF || (p->note.share.shard == 1 && !outfile_write(to, &byte, 1)))
      return false;
  }
  return true;
}

static int append(const part *p, outfile *to) {
  char piece[1 << 14];
  FILE *from = fopen(p->path, "rb");
  if (!from)
    return tool_fail(name, "%s: %s", p->path, strerror(errno));
  bool well = skip_head(from, p, to), written = true;
  for (size_t got; well && written && (got = fread(piece, 1, sizeof piece, from)) > 0;)
    written = outfile_write(to, piece, got);
  well = well && !ferror(from);
  fclose(from);
  if (!written)
    return tool_fail(name, "%s: %s", to->path, to->problem);
  return well ? TOOL_OK : tool_fail(name, "%s can't be read as %s", p->path, p->note.format);
}

static int write_whole(const char *path, const part *parts, size_t count) {
  outfile to;
  const shard_note *one = &parts[0].note;
  bool well = outfile_open(&to, path);
  if (well && !strcmp(one->format, "npy")) {
    char head[NPY_HEADER_BYTES];
    npy_header(head, one->photos, one->columns);
    well = outfile_write(&to, head, sizeof head);
  }
  int status = well ? TOOL_OK : tool_fail(name, "%s: %s", path, to.problem);
  for (size_t i = 0; !status && i < count; ++i)
    status = append(&parts[i], &to);
  if (!status && !outfile_finish(&to))
    status = tool_fail(name, "%s: %s", path, to.problem);
  outfile_abandon(&to);
  return status;
}

static int run(int argc, char **argv) {
  merge_options options = {0};
  options_parse(&merge_argp, "cardinal merge", argc, argv, &options);
  part *parts = calloc(options.part_count + 1, sizeof *parts);
  int status = parts ? read_notes(&options, parts) : tool_fail(name, "no memory for %zu shards", options.part_count);
  if (!status)
    status = check_parts(parts, options.part_count);
  if (!status)
    status = check_files(parts, options.part_count);
  for (size_t i = 0; !status && i < options.part_count; ++i)
    if (!strcmp(parts[i].path, options.output))
      status = tool_fail(name, "--output %s is one of the shards", options.output);
  if (!status)
    status = write_whole(options.output, parts, options.part_count);
  if (!status) {
    uint64_t failed = 0;
    for (size_t i = 0; i < options.part_count; ++i)
      failed += parts[i].note.failed;
    printf("wrote the results of %" PRIu64 " photos to ", parts[0].note.photos);
    tool_put_clean(stdout, options.output);
    if (failed)
      printf("; %" PRIu64 " gave none", failed);
    putchar('\n');
  }
  free(parts);
  return status;
}

const command merge_command = {
    .name = name,
    .summary = "put shards of classified photos together",
    .run = run,
};
