/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/photos.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "tools/command.h"

static bool no_memory(const photo_list *list) {
  tool_complain(list->command, "no memory for the list of photos");
  return false;
}

static bool add(photo_list *list, const char *path, const char *problem) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    photo *grown = realloc(list->photos, capacity * sizeof *grown);
    if (!grown)
      return no_memory(list);
    list->photos = grown;
    list->capacity = capacity;
  }
  photo added = {.path = strdup(path), .problem = problem ? strdup(problem) : NULL};
  if (!added.path || (problem && !added.problem)) {
    free(added.path);
    free(added.problem);
    return no_memory(list);
  }
  list->photos[list->count++] = added;
  return true;
}

/* ---- folders ------------------------------------------------------------------------------------------------- */

static bool has_photo_name(const char *name) {
  static const char *const endings[] = {".jpg", ".jpeg", ".jpe", ".jfif", ".png"};
  const char *end = strrchr(name, '.');
  for (size_t i = 0; end && end > name && i < sizeof endings / sizeof endings[0]; i++)
    if (!strcasecmp(end, endings[i]))
      return true;
  return false;
}

static int by_name(const FTSENT **one, const FTSENT **other) {
  return strcmp((*one)->fts_name, (*other)->fts_name);
}

static bool add_entry(photo_list *list, const FTSENT *entry) {
  switch (entry->fts_info) {
  case FTS_F:
  case FTS_SLNONE: /* a link to nowhere, as reading it will tell */
    return !has_photo_name(entry->fts_name) || add(list, entry->fts_path, NULL);
  case FTS_DC:
    return add(list, entry->fts_path, "a link to a folder that it lies in");
  case FTS_DNR:
  case FTS_ERR:
  case FTS_NS:
    return add(list, entry->fts_path, strerror(entry->fts_errno));
  default:
    return true; /* folders before and after what is in them, devices */
  }
}

static bool add_folder(photo_list *list, const char *path) {
  char *copy = strdup(path);
  char *const roots[] = {copy, NULL};
  size_t before = list->count;
  /* Links are followed, as folders of data sets often consist of them. */
  FTS *walk = copy ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
  bool added = walk || no_memory(list);
  for (FTSENT *entry; added && (entry = fts_read(walk));)
    added = add_entry(list, entry);
  if (walk)
    fts_close(walk);
  free(copy);
  if (added && list->count == before)
    added = add(list, path, "no JPEG or PNG file is in this folder");
  return added;
}

static bool add_path(photo_list *list, const char *path) {
  struct stat info;
  return !stat(path, &info) && S_ISDIR(info.st_mode) ? add_folder(list, path) : add(list, path, NULL);
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

static bool add_lines(photo_list *list, FILE *file) {
  char *line = NULL;
  size_t room = 0;
  bool added = true;
  for (ssize_t length; added && (length = getline(&line, &room, file)) > 0;) {
    while (length && strchr("\r\n", line[length - 1]))
      line[--length] = '\0';
    added = !length || add_path(list, line);
  }
  free(line);
  return added;
}

static bool add_list(photo_list *list, const char *path) {
  bool standard = !strcmp(path, "-");
  FILE *file = standard ? stdin : fopen(path, "r");
  bool added = file && add_lines(list, file);
  /* getline tells its failures by the stream; only memory has had its message. */
  if (!file || (added && ferror(file))) {
    tool_complain(list->command, "@%s: %s", path, strerror(errno));
    added = false;
  }
  if (file && !standard)
    fclose(file);
  return added;
}

bool photos_add(photo_list *list, const char *argument) {
  return argument[0] == '@' ? add_list(list, argument + 1) : add_path(list, argument);
}

void photos_free(photo_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    free(list->photos[i].path);
    free(list->photos[i].problem);
  }
  free(list->photos);
  *list = (photo_list){.command = list->command};
}

/* ---- pictures ------------------------------------------------------------------------------------------------ */

bool photo_read(const photo *from, const transform_options *how, float *to, char problem[PHOTO_PROBLEM_BYTES]) {
  cardinal_image image;
  cardinal_error error;
  problem[0] = '\0';
  if (from->problem) {
    snprintf(problem, PHOTO_PROBLEM_BYTES, "%s: %s", from->path, from->problem);
    return false;
  }
  cardinal_status status = cardinal_image_read(from->path, &image, &error);
  if (!status) {
    status = cardinal_image_prepare(&image, how, to, &error);
    cardinal_image_free(&image);
  }
  if (status)
    snprintf(problem, PHOTO_PROBLEM_BYTES, "%s", error.message);
  return !status;
}
