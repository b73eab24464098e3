/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/npy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const npy_writer *writer, const char *what) {
  fprintf(stderr, "cardinal classify: %s: %s: %s\n", writer->path ? writer->path : "--features", what, strerror(errno));
  return false;
}

/* The format's version 1: magic, length of the header, a Python dict, padded to a multiple of 64 bytes. */
static bool write_header(npy_writer *writer, size_t rows, size_t columns) {
  enum {
    HEADER_BYTES = 128
  };
  char header[HEADER_BYTES + 1];
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = HEADER_BYTES - 10;
  header[9] = 0;
  int used = snprintf(header + 10, sizeof header - 10,
                      "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
  memset(header + 10 + used, ' ', (size_t)(HEADER_BYTES - 10 - used));
  header[HEADER_BYTES - 1] = '\n';
  return fwrite(header, 1, HEADER_BYTES, writer->file) == HEADER_BYTES;
}

bool npy_start(npy_writer *writer, const char *path, size_t rows, size_t columns) {
  static const char suffix[] = ".XXXXXX";
  *writer = (npy_writer){.path = strdup(path), .temporary = malloc(strlen(path) + sizeof suffix)};
  if (!writer->path || !writer->temporary)
    return fail(writer, "can't be written");
  strcpy(writer->temporary, path);
  strcat(writer->temporary, suffix);
  int descriptor = mkstemp(writer->temporary);
  if (descriptor < 0) {
    fail(writer, "can't be written");
    free(writer->temporary);
    writer->temporary = NULL;
    return false;
  }
  /* mkstemp makes files for their owner alone; this one is to be like any other. */
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
  writer->file = fdopen(descriptor, "wb");
  if (!writer->file)
    close(descriptor);
  if (!writer->file || !write_header(writer, rows, columns))
    return fail(writer, "can't be written");
  return true;
}

bool npy_rows(npy_writer *writer, const float *values, size_t floats) {
  return fwrite(values, sizeof *values, floats, writer->file) == floats || fail(writer, "can't be written");
}

bool npy_finish(npy_writer *writer) {
  bool written = !fclose(writer->file);
  writer->file = NULL;
  if (!written || rename(writer->temporary, writer->path))
    return fail(writer, "can't be written");
  free(writer->temporary);
  writer->temporary = NULL;
  return true;
}

void npy_abandon(npy_writer *writer) {
  if (writer->file)
    fclose(writer->file);
  if (writer->temporary)
    unlink(writer->temporary);
  free(writer->temporary);
  free(writer->path);
  *writer = (npy_writer){0};
}
