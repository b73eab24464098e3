/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes a matrix of float32 as NumPy's .npy, so that either the whole file is there in the end or nothing. */
#ifndef CARDINAL_TOOLS_NPY_H
#define CARDINAL_TOOLS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct npy_writer {
  FILE *file;
  char *path, *temporary;
} npy_writer;

/* Each says on stderr what went wrong, and returns false. `start` writes a temporary file beside `path`. */
bool npy_start(npy_writer *writer, const char *path, size_t rows, size_t columns);
bool npy_rows(npy_writer *writer, const float *values, size_t floats);

/* Puts the file in its place. */
bool npy_finish(npy_writer *writer);

/* Removes the temporary file; nothing happens if it is in its place, or never was. */
void npy_abandon(npy_writer *writer);

#endif
