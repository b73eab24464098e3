/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `cardinal screen` lets a core compute: layers of ResNeXt-50 and 101, and small networks as a whole, each on data
 * that are the same everywhere; and how the outputs are told to be right.
 */
#ifndef CARDINAL_TOOLS_SCREEN_WORK_H
#define CARDINAL_TOOLS_SCREEN_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cardinal/net.h>

#include "tools/screen_data.h"

enum {
  SCREEN_MOST_ITEMS = 48
};

/* One piece of work. */
typedef struct screen_item {
  const char *name;
  const char *what;       /* a descriptor, or the name of a model, and the number format unless it is f32 */
  int64_t image;          /* rows and columns of what a network sees; 0: a layer */
  cardinal_format format; /* the one that `what` names */
  bool light;             /* little enough work for the portable kernels */
} screen_item;

extern const screen_item screen_items[];
extern const size_t screen_item_count;

/* How many data patterns an item has, and what each is called: a layer SCREEN_PATTERNS, a network 1. */
unsigned screen_item_patterns(const screen_item *item);
const char *screen_pattern_name(const screen_item *item, unsigned pattern);

/* One operator's output, as it lies among all outputs of a piece of work. */
typedef struct screen_part {
  char name[64]; /* the network's layer, or the pattern of a single layer: what the table of checksums calls it */
  gauntlet_problem problem;
  cardinal_layout layout;
  cardinal_format format;
  size_t offset, bytes;
} screen_part;

/* A piece of work set up for an instruction set. */
typedef struct screen_job {
  const screen_item *item;
  unsigned pattern;
  cardinal_context *context;
  screen_part *parts; /* in the order of running */
  size_t part_count, bytes;
  char *outputs;  /* of the latest run, all parts, each in its format */
  uint64_t flops; /* nominal, 2 a multiply-add */

  /* A layer. */
  screen_data data;
  void *x, *residual; /* in the layouts and formats of its problem */
  cardinal_plan *plan;
  /* A network. */
  cardinal_net_spec spec;
  cardinal_weights *weights; /* of int8, quantised */
  cardinal_net *net;
  float *image;
  void *scratch; /* of either */
} screen_job;

/* Sets up item and pattern for exactly that instruction set's cap. Errors: an ISA that can't be used here, memory. The
 * struct may be given to screen_job_close whether this succeeds or not. */
cardinal_status screen_job_open(screen_job *job, const screen_item *item, unsigned pattern, cardinal_isa isa,
                                cardinal_error *error);
void screen_job_close(screen_job *job);

/* Computes all outputs once; *seconds is the CPU time that the kernels took, so that other processes on the core don't
 * count. Nothing of an earlier run is left in them. */
cardinal_status screen_job_run(screen_job *job, double *seconds, cardinal_error *error);

/* The name of the kernel of a part, or NULL past the last. */
const char *screen_job_kernel(const screen_job *job, size_t part);

/* A hash of numbers' bits. Whatever a single one of them is changed to, the hash changes. */
uint64_t screen_hash(const void *numbers, size_t bytes);

/* The committed checksum of a part's output; false if the table has none. */
bool screen_golden(const screen_item *item, const char *part, uint64_t *hash);

/* The first part whose outputs don't have the committed checksum; part_count if all do. *found: its hash. */
size_t screen_job_check(const screen_job *job, const char *outputs, uint64_t *found);

/* The job's outputs by the gauntlet's oracle instead of any kernel: [bytes], to be freed; NULL without memory. */
char *screen_oracle(const screen_job *job);

/* Where part's element `at` (NCHW) lies among its numbers. */
size_t screen_part_index(const screen_part *part, size_t at);

/* Elements of a part, padding lanes not counted. */
size_t screen_part_elements(const screen_part *part);

#endif
