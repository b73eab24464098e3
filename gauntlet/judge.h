/* SPDX-License-Identifier: BSD-3-Clause */
/* What a trial proves of a kernel. */
#ifndef CARDINAL_GAUNTLET_JUDGE_H
#define CARDINAL_GAUNTLET_JUDGE_H

#include "gauntlet/trial.h"

/* What can be wrong; a verdict may name several. */
typedef enum gauntlet_violation {
  GAUNTLET_NO_VIOLATION = 0,
  GAUNTLET_WRONG_VALUE = 1u << 0,      /* other bits under SAME_BITS, outside the bound under BOUNDED */
  GAUNTLET_UNWRITTEN = 1u << 1,        /* an output that was never written */
  GAUNTLET_PADDING_LANE = 1u << 2,     /* a lane past the channels isn't +0 */
  GAUNTLET_READ_OUTSIDE = 1u << 3,     /* a guard page was touched */
  GAUNTLET_WROTE_OUTSIDE = 1u << 4,    /* a guard page or a canary was written */
  GAUNTLET_INPUT_CHANGED = 1u << 5,    /* it tried to write an input or its packed weights */
  GAUNTLET_MODES_CHANGED = 1u << 6,    /* floating-point control registers */
  GAUNTLET_REGISTER_CHANGED = 1u << 7, /* a callee-saved one */
  GAUNTLET_NOT_REPEATABLE = 1u << 8,   /* the same call gave another result */
  GAUNTLET_RACE = 1u << 9,             /* two threads at once gave another result */
  GAUNTLET_CRASH = 1u << 10,
  GAUNTLET_HANG = 1u << 11,
  GAUNTLET_EXIT = 1u << 12,         /* it ended the process */
  GAUNTLET_REFUSED = 1u << 13,      /* the list isn't what plugin.h demands */
  GAUNTLET_NO_TRIAL = 1u << 14,     /* no process or memory: nothing is proven */
  GAUNTLET_OFF_REFERENCE = 1u << 15 /* further from the output given with the data than its rule allows */
} gauntlet_violation;

/* The name of one violation, such as "wrong value"; static. */
const char *gauntlet_violation_name(gauntlet_violation violation);

typedef struct gauntlet_verdict {
  uint32_t violations; /* 0: the kernel keeps its promise here */
  bool same_bits;      /* every output has the bits of the canonical order, whatever was promised */
  size_t outputs;      /* of one call */
  /* Against double precision, over outputs of random data; -1 where there are none. `at` is NCHW. */
  double worst_ulp, worst_share; /* of the bound */
  size_t worst_ulp_at, worst_share_at;
  gauntlet_departure departure; /* from the output given with the data, if they are given */
  char what[512];               /* the first violation in words; "" if there is none */
} gauntlet_verdict;

void gauntlet_judge(const gauntlet_trial *trial, const gauntlet_remains *remains, gauntlet_verdict *verdict);

/* If the access that crashed lies in `memory` or its guard pages, what that violates, and in `text` what it did to
 * `name`; GAUNTLET_NO_VIOLATION if it lies elsewhere. */
gauntlet_violation gauntlet_judge_access(const gauntlet_crash *crash, const gauntlet_memory *memory, const char *name,
                                         char *text, size_t size);

/* "image 0, channel 3, row 1, column 55" of output `at`; returns `text`. */
const char *gauntlet_coordinates(const gauntlet_problem *problem, size_t at, char *text, size_t size);

#endif
