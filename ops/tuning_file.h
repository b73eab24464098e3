/* SPDX-License-Identifier: BSD-3-Clause */
/* The tuning file of a context. */
#ifndef CARDINAL_OPS_TUNING_FILE_H
#define CARDINAL_OPS_TUNING_FILE_H

#include "dispatch/tuning.h"

/* Whose memory: as a cardinal_context_desc has it. */
typedef struct cardinal_allocator {
  cardinal_allocate allocate;
  cardinal_deallocate deallocate;
  void *user;
} cardinal_allocator;

/* What came of a file; all of it 0 without one. */
typedef struct cardinal_tuning_file {
  cardinal_tuned *rows;
  size_t count;
  char *note; /* "FILE: in use for 20 shapes", or "FILE: ignored: ..." */
} cardinal_tuning_file;

/* Reads the file `path`, or the environment's if that is NULL and the environment may be read. A file that is of no use
 * to this CPU is noted and does no harm. Errors, which name `function`: `path` can't be read; no memory. Then nothing
 * is left allocated. */
cardinal_status cardinal_tuning_file_load(const char *function, const char *path, bool read_environment,
                                          const cardinal_cpu_features *cpu, const cardinal_allocator *allocator,
                                          cardinal_tuning_file *loaded, cardinal_error *error);

void cardinal_tuning_file_free(const cardinal_tuning_file *loaded, const cardinal_allocator *allocator);

#endif
