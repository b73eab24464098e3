/* SPDX-License-Identifier: BSD-3-Clause */
/* Running code that isn't trusted in a process of its own. */
#ifndef CARDINAL_GAUNTLET_CHILD_H
#define CARDINAL_GAUNTLET_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* How a child ended. */
typedef enum gauntlet_end {
  GAUNTLET_ENDED_WELL,
  GAUNTLET_CRASHED,
  GAUNTLET_EXITED, /* before its work was done */
  GAUNTLET_HUNG,   /* and was killed */
  GAUNTLET_NO_CHILD
} gauntlet_end;

/* What a crash left, in memory that parent and child share. */
typedef struct gauntlet_crash {
  int signal;
  bool address_known, writing;
  const void *address;
} gauntlet_crash;

/* Runs work(argument) in a child and waits for at most `seconds`. The child's standard output goes to standard error,
 * it leaves no core file and dies with its parent. `crash` must be shared memory (gauntlet_shared). *status: the exit
 * status or the signal. The calling process must have no other threads. */
gauntlet_end gauntlet_child_run(void (*work)(void *argument), void *argument, double seconds, gauntlet_crash *crash,
                                int *status);

/* Seconds since some moment. */
double gauntlet_clock(void);

/* Zeroed memory that children share; NULL if there is none. */
void *gauntlet_shared(size_t bytes);
void gauntlet_unshare(void *memory, size_t bytes);

/* "crashed: segmentation fault", "exited with status 3", ... */
void gauntlet_end_describe(gauntlet_end end, int status, double seconds, char *text, size_t size);

#endif
