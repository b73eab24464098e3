/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of results that appears whole or not at all.
 *
 * A regular file, or one that isn't there yet, is written aside and put in its place in the end; what it replaces
 * keeps its name, its mode, and its owner where that is allowed, and symbolic links are followed. Devices and pipes
 * are written to directly. Folders, links to nowhere and files that the user may not write are refused at once.
 */
#ifndef CARDINAL_TOOLS_OUTFILE_H
#define CARDINAL_TOOLS_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct outfile {
  FILE *stream;      /* for stdio's functions; their errors are seen by outfile_finish at the latest */
  char *path;        /* as it was given */
  char *target;      /* what is to be replaced; NULL: written to directly */
  char *temporary;   /* the file aside; NULL if there is none */
  char problem[256]; /* after a function has returned false: what was wrong, without the path */
} outfile;

/* Opens `path` for writing. The struct may be given to outfile_abandon whether this succeeds or not. */
bool outfile_open(outfile *file, const char *path);

/* Writes bytes. */
bool outfile_write(outfile *file, const void *bytes, size_t count);

/* Says whether all that was written so far has got there. */
bool outfile_flush(outfile *file);

/* Closes the file and puts it in its place: after true it is there, complete and on the disk. */
bool outfile_finish(outfile *file);

/* Removes what is left of a file that isn't finished, and frees the struct's memory in any case. */
void outfile_abandon(outfile *file);

#endif
