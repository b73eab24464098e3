/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One kernel run on one problem in a process of its own, where it can crash, hang, exit or write where it likes.
 *
 * The child gets its data in memory that it shares with the parent, between guard pages, inputs read-only, outputs full
 * of signalling NaNs. It calls the kernel three times: on a first set of data, on a second one, and on the first again;
 * then two threads call it at once. Nothing that could tell it the right output is in its memory: that is computed
 * when the child has ended.
 */
#ifndef CARDINAL_GAUNTLET_TRIAL_H
#define CARDINAL_GAUNTLET_TRIAL_H

#include <cardinal/plugin.h>

#include "gauntlet/abi_call.h"
#include "gauntlet/child.h"
#include "gauntlet/given.h"
#include "gauntlet/memory.h"
#include "gauntlet/operands.h"
#include "gauntlet/source.h"

typedef enum gauntlet_call {
  GAUNTLET_FIRST,
  GAUNTLET_SECOND,
  GAUNTLET_REPEATED, /* as the first, cut into two calls where the kernel allows it */
  GAUNTLET_CALLS
} gauntlet_call;

enum {
  GAUNTLET_SETS = 2 /* of data */
};

/* The set of data that a call works on. */
static inline size_t gauntlet_set_of(gauntlet_call call) {
  return call == GAUNTLET_SECOND ? 1 : 0;
}

typedef struct gauntlet_trial {
  gauntlet_source source;
  size_t kernel; /* its index in the list */
  const gauntlet_declaration *declaration;
  const gauntlet_problem *problem;
  const gauntlet_given *given; /* the first set of data, or NULL: both sets are drawn */
  data_kind kind;
  gauntlet_placement placement;
  uint64_t seed;
  bool residual_in_place;
  bool threads;   /* whether two threads call it, too; not with a residual in place */
  double seconds; /* how long the child may take */
} gauntlet_trial;

/* What the child is doing. */
typedef enum gauntlet_stage {
  GAUNTLET_LOADING,
  GAUNTLET_PACKING,
  GAUNTLET_RUNNING, /* one of the three calls */
  GAUNTLET_RUNNING_THREADS
} gauntlet_stage;

/* What the child writes, in shared memory. */
typedef struct gauntlet_traces {
  gauntlet_crash crash;
  gauntlet_stage stage;
  gauntlet_call call;
  char refused[256]; /* why the list isn't what plugin.h demands; "" if it is */
  gauntlet_abi_report abi[GAUNTLET_CALLS];
  gauntlet_memory packed[GAUNTLET_SETS], scratch; /* where they lie in the child */
  bool packed_intact, scratch_intact;
  size_t races; /* runs of the threads whose output differs from that of the calls before */
} gauntlet_traces;

/* All that is left of a trial. */
typedef struct gauntlet_remains {
  gauntlet_end end;
  int status; /* of the child: exit status, or the signal */
  gauntlet_traces *traces;
  gauntlet_operands operands[GAUNTLET_SETS];
  gauntlet_memory x[GAUNTLET_SETS], weights[GAUNTLET_SETS], bias[GAUNTLET_SETS]; /* as the kernel got them */
  gauntlet_memory residual[GAUNTLET_CALLS], y[GAUNTLET_CALLS];
} gauntlet_remains;

/* Runs the trial. The remains must be freed, however it ended. The calling process must have no other threads. */
void gauntlet_trial_run(const gauntlet_trial *trial, gauntlet_remains *remains);
void gauntlet_remains_free(gauntlet_remains *remains);

#endif
