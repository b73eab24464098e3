/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of classes. */
#ifndef CARDINAL_TOOLS_LABELS_H
#define CARDINAL_TOOLS_LABELS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct class_labels {
  char *text; /* the file, cut into lines; NULL: ImageNet's, or plain numbers */
  char **lines;
  size_t count; /* classes of the network */
} class_labels;

/* With a path: reads one name a line, as many as there are classes; says what is wrong otherwise, and returns false.
 * Without: ImageNet's names if there are 1000 classes. */
bool labels_load(class_labels *to, const char *path, size_t classes);
void labels_free(class_labels *from);

/* The name of a class; `room` holds it if it has none but its number. */
const char *labels_name(const class_labels *from, size_t index, char room[32]);

#endif
