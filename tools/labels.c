/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/labels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#include "tools/command.h"

static const char command_name[] = "classify";

static char *read_text(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t capacity = 0;
  /* No file of names has a zero byte: reading up to one reads all. At the end of an empty file nothing is read, and
   * what getdelim allocated for it holds no text. */
  const bool found = file && getdelim(&text, &capacity, '\0', file) >= 0;
  const bool read = file && (found || feof(file));
  if (!read)
    tool_complain(command_name, "%s: %s", path, strerror(errno));
  if (file)
    fclose(file);
  if (read && found)
    return text;
  free(text);
  return read ? strdup("") : NULL;
}

/* Cuts at the ends of lines, which may be those of Windows; blank ones at the very end don't count. */
static size_t cut_lines(char *text, char **lines, size_t room) {
  size_t count = 0;
  for (char *end = text + strlen(text); end > text && strchr("\r\n", end[-1]); end--)
    end[-1] = '\0';
  for (char *line = *text ? text : NULL; line; count++) {
    char *next = strchr(line, '\n');
    if (next)
      *next++ = '\0';
    line[strcspn(line, "\r")] = '\0';
    if (count < room)
      lines[count] = line;
    line = next;
  }
  return count;
}

bool labels_load(class_labels *to, const char *path, size_t classes) {
  *to = (class_labels){.count = classes};
  if (!path)
    return true;
  to->text = read_text(path);
  if (!to->text)
    return false;
  to->lines = calloc(classes, sizeof *to->lines);
  size_t found = to->lines ? cut_lines(to->text, to->lines, classes) : 0;
  if (to->lines && found == classes)
    return true;
  if (!to->lines)
    tool_complain(command_name, "%s: no memory for %zu names", path, classes);
  else
    tool_complain(command_name, "%s: expected one name a line for each of the network's %zu classes, found %zu lines",
                  path, classes, found);
  labels_free(to);
  return false;
}

void labels_free(class_labels *from) {
  free(from->text);
  free(from->lines);
  *from = (class_labels){0};
}

const char *labels_name(const class_labels *from, size_t index, char room[32]) {
  if (from->lines)
    return from->lines[index];
  if (from->count == 1000)
    return cardinal_imagenet_class(index);
  snprintf(room, 32, "class %zu", index);
  return room;
}
