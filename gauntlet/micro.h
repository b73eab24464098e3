/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library's micro-kernels one call at a time: the argument structs of kernels/kernel.h with ranges of rows, lane
 * masks, gaps between rows and blocks, slots, hints and placements that an operator never makes, or not together.
 *
 * Cases follow from what the registry says of a kernel (form, layout, slot, tile, what it declines). A case's data are
 * drawn from the words that describe it and from the seed, so it stays the same when others come or go. Each output is
 * compared with the oracle, the kernel's portable twin, and the double-precision bound or the exact result.
 */
#ifndef CARDINAL_GAUNTLET_MICRO_H
#define CARDINAL_GAUNTLET_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gauntlet/judge.h"
#include "kernels/registry.h"

enum {
  GAUNTLET_WORDS_BYTES = 512
};

/* What came of one call. */
typedef struct gauntlet_micro_verdict {
  const cardinal_kernel *kernel;
  size_t number;                    /* of the case among the kernel's, from 1: gauntlet_micro's `only` repeats it */
  char words[GAUNTLET_WORDS_BYTES]; /* the case */
  uint32_t violations;              /* gauntlet_violation bits; 0: all is right, to the bit */
  char what[512];                   /* the first violation in words; "" if there is none */
} gauntlet_micro_verdict;

/* The calls of one kernel. */
typedef struct gauntlet_micro {
  const cardinal_kernel *kernel; /* one that this CPU can run */
  uint64_t seed;
  bool small;  /* few and small cases, as on an emulated CPU */
  size_t most; /* of the cases, evenly taken from all; 0: all */
  size_t only; /* the number of the one case to run; 0: the others, too */
  void *user;
  /* A case is about to run: its kernel, number and words; NULL: nobody wants to know. Only gauntlet_micro_run tells. */
  void (*starts)(void *user, const gauntlet_micro_verdict *running);
  /* A case has run. Returns whether to go on. */
  bool (*judged)(void *user, const gauntlet_micro_verdict *verdict);
} gauntlet_micro;

#endif
