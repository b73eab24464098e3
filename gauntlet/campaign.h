/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels through many trials: the lattice, or given problems. */
#ifndef CARDINAL_GAUNTLET_CAMPAIGN_H
#define CARDINAL_GAUNTLET_CAMPAIGN_H

#include "gauntlet/judge.h"

/* What came of one kernel. */
typedef struct gauntlet_score {
  const gauntlet_declaration *declaration;
  char skipped[160]; /* why it wasn't tried; "" if it was */
  size_t trials, failures;
  uint32_t violations; /* of all trials */
  bool same_bits;      /* in all trials */
  double worst_ulp, worst_share;
  double seconds;
} gauntlet_score;

/* One trial and what it proved, as it is reported. */
typedef struct gauntlet_case {
  const gauntlet_declaration *declaration;
  const gauntlet_problem *problem;
  const gauntlet_given *given; /* NULL: the data were drawn */
  uint64_t seed;
  data_kind kind;
  gauntlet_placement placement;
  bool residual_in_place, threads;
  const gauntlet_verdict *verdict;
} gauntlet_case;

typedef struct gauntlet_campaign {
  gauntlet_source source;
  const gauntlet_list *list;
  /* Which kernels: those in whose name `part` occurs; NULL: all. */
  const char *part;
  /* The problems, or the lattice where there are none. */
  const gauntlet_problem *problems;
  size_t problem_count;
  const gauntlet_given *given; /* of each problem; NULL: data are drawn */
  uint64_t seed;
  size_t trials;      /* of the lattice a kernel, or of each given problem */
  double seconds;     /* patience with one trial */
  bool stop_at_hang;  /* give a kernel up after its first hang */
  bool single_thread; /* never two threads at once: emulators may have none in a forked child */
  void *user;
  void (*tried)(void *user, const gauntlet_case *tried); /* each trial */
} gauntlet_campaign;

/* Tries one kernel of the list. */
void gauntlet_campaign_run(const gauntlet_campaign *campaign, size_t kernel, gauntlet_score *score);

/* Whether the campaign takes the kernel. */
bool gauntlet_campaign_takes(const gauntlet_campaign *campaign, size_t kernel);

#endif
