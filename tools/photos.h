/* SPDX-License-Identifier: BSD-3-Clause */
/* The photos that a command line names: files, folders, and lists of both. */
#ifndef CARDINAL_TOOLS_PHOTOS_H
#define CARDINAL_TOOLS_PHOTOS_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/options.h"

enum {
  PHOTO_PROBLEM_BYTES = 1200 /* of a cardinal_error's message, and of our own */
};

/* A file, or something in its place that gives none. */
typedef struct photo {
  char *path;
  char *problem; /* NULL, or what is wrong with it */
} photo;

typedef struct photo_list {
  photo *photos;
  size_t count, capacity;
  const char *command; /* that messages are of */
} photo_list;

/* Adds what an argument stands for: a folder, all files below it whose names end as those of JPEG and PNG files do, in
 * the order of their names; "@FILE", all that the lines of the file name ("@-": of the standard input); anything else
 * is a file. False, with a message, if there is no memory or a list can't be read. What is wrong with a photo or a
 * folder is noted in its place. */
bool photos_add(photo_list *list, const char *argument);
void photos_free(photo_list *list);

/* Reads a photo and prepares it: [3][crop][crop]. False if there is none, and `problem` says why. */
bool photo_read(const photo *from, const transform_options *how, float *to, char problem[PHOTO_PROBLEM_BYTES]);

#endif
