/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program has to settle with the operating system before anything else: its standard streams, and what becomes
 * of its unfinished files when a signal ends it. */
#ifndef CARDINAL_TOOLS_PROCESS_H
#define CARDINAL_TOOLS_PROCESS_H

#include <stdbool.h>

/* Call first in main(). Occupies the descriptors 0 to 2 that the caller has closed, so that no file opened later takes
 * their place and gets messages written into it; reading from or writing to such a stream fails. From here on,
 * signals that end the process remove the files named below first. */
void process_start(void);

/* Makes a file from a template as mkstemp does, to be removed if a signal ends the process. Returns its descriptor,
 * or -1 with errno set. `path` must stay where it is until process_keep. */
int process_make_temporary(char *path);

/* A signal no longer removes that file. */
void process_keep(const char *path);

#endif
