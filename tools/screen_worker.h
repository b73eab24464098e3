/* SPDX-License-Identifier: BSD-3-Clause */
/* One core at work: a process of its own, pinned, that tells what it does in memory shared with its parent. */
#ifndef CARDINAL_TOOLS_SCREEN_WORKER_H
#define CARDINAL_TOOLS_SCREEN_WORKER_H

#include <stdatomic.h>

#include "tools/screen_machine.h"
#include "tools/screen_work.h"

enum {
  SCREEN_SAMPLES = 64,
  SCREEN_MOST_BYTES = 1 << 24 /* of all outputs of one piece of work */
};

/* One item with one instruction set on one core. */
typedef struct screen_tally {
  uint64_t runs, mismatches;
  double flops; /* of one run */
  double seconds[SCREEN_SAMPLES];
  size_t samples; /* all that were taken; the latest SCREEN_SAMPLES are kept */
} screen_tally;

/* The first result that had other bits. */
typedef struct screen_miss {
  bool found;
  size_t item;
  unsigned pattern;
  cardinal_isa isa;
  size_t part;
  char part_name[64], kernel[64];
  uint64_t run; /* how many the core had done, this one counted */
  uint64_t hash;
  char outputs[SCREEN_MOST_BYTES]; /* all parts; pages that nobody writes cost nothing */
} screen_miss;

/* How a core's work ended. */
typedef enum screen_end {
  SCREEN_NOT_STARTED,
  SCREEN_ENDED_WELL,
  SCREEN_CRASHED,
  SCREEN_HUNG,
  SCREEN_COULD_NOT_RUN
} screen_end;

typedef struct screen_core {
  screen_cpu cpu;
  /* The worker writes these, and its parent reads them at any time. */
  _Atomic uint64_t runs, mismatches;
  _Atomic double heartbeat; /* when it was last seen to get on, by cardinal_clock */
  _Atomic size_t item;
  _Atomic unsigned pattern, isa;
  /* For the parent once the worker is gone. */
  screen_tally tallies[CARDINAL_ISA_COUNT][SCREEN_MOST_ITEMS];
  uint64_t passes; /* through all work */
  double seconds, cpu_seconds;
  bool done;
  char problem[160]; /* why nothing ran */
  screen_miss miss;
  /* The parent's. */
  screen_end end;
  char ending[160];
  double hottest, clock_sum;
  unsigned clock_count;
} screen_core;

/* What every worker is to do. */
typedef struct screen_orders {
  double seconds;
  bool isas[CARDINAL_ISA_COUNT];
  bool generic_does_all;         /* not the light work alone */
  bool items[SCREEN_MOST_ITEMS]; /* which of screen_items */
  _Atomic bool *stop;            /* shared: end soon */
} screen_orders;

/* Whether an item is run with an instruction set. */
bool screen_orders_hold(const screen_orders *orders, size_t item, cardinal_isa isa);

/* Binds the calling process to a CPU; false, with errno, if that is refused. */
bool screen_pin(unsigned cpu);

/* Works through the orders on the core's CPU. */
void screen_work(const screen_orders *orders, screen_core *core);

#endif
