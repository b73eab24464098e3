/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole screen: its workers, what they found, and what became of a second look. */
#ifndef CARDINAL_TOOLS_SCREEN_RUN_H
#define CARDINAL_TOOLS_SCREEN_RUN_H

#include <time.h>

#include "tools/screen_options.h"
#include "tools/screen_worker.h"

enum {
  SCREEN_MOST_REPEATS = 4
};

/* The same work once more, on one core. */
typedef struct screen_repeat {
  unsigned cpu;
  uint64_t runs, wrong;
  char ending[160]; /* "": ended well */
} screen_repeat;

/* What a second look at a core's first wrong result showed. */
typedef struct screen_second_look {
  bool recomputed; /* by the oracle, on `cpu` */
  unsigned cpu;
  bool agrees; /* the recomputed bits have the committed checksum */
  size_t outputs,
      wrong;       /* of the part: elements, and those with other bits; 0 wrong: the checksum was computed wrong */
  size_t at;       /* the first of them, NCHW */
  char where[128]; /* its coordinates */
  cardinal_format format;                     /* of the outputs */
  uint32_t found, right;                      /* its bits */
  screen_repeat repeats[SCREEN_MOST_REPEATS]; /* the core itself first */
  size_t repeat_count;
} screen_second_look;

typedef enum screen_verdict {
  SCREEN_RIGHT,
  SCREEN_FAILED, /* nothing ran */
  SCREEN_WRONG,  /* or crashed, or hung */
  SCREEN_SLOW
} screen_verdict;

typedef struct screen {
  const screen_options *options;
  screen_orders orders;
  screen_core **cores; /* each in shared memory */
  screen_second_look *looks;
  double *relative; /* speed beside the median of the siblings; NAN: unknown */
  size_t count;
  time_t start;
  double seconds;
  int signal; /* that ended it early; 0: none */
} screen;

/* Runs the workers, one after the other or together. */
void screen_supervise(screen *s);

/* Looks again at what one core computed wrong. */
void screen_look_again(const screen *s, size_t core, screen_second_look *look);

/* Fills relative speeds; gives GFLOP/s of a core with an instruction set, NAN where nothing was timed. */
void screen_compare(screen *s);
double screen_rate(const screen_core *core, cardinal_isa isa);

screen_verdict screen_core_verdict(const screen *s, size_t core);
const char *screen_verdict_name(screen_verdict verdict);

/* Prints the report. Returns the exit status. */
int screen_report(const screen *s);

#endif
