/* SPDX-License-Identifier: BSD-3-Clause */
/* Many machines' screens: what `cardinal fleet-report` reads and concludes. */
#ifndef CARDINAL_TOOLS_FLEET_H
#define CARDINAL_TOOLS_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

enum {
  FLEET_LEAST_COMPARED = 3 /* of two that differ, neither is the outlier */
};

/* How far something is below the median of its like. */
typedef struct fleet_speed {
  double value; /* 1 is the median of the group's cores; NAN: wasn't timed */
  double drop;  /* percent below the median of its like; NAN: unknown */
  double z;     /* robust: 0.6745 (value - median) / MAD; NAN where there is no MAD or it is 0 */
  bool is_slow;
} fleet_speed;

typedef struct fleet_core {
  unsigned cpu;
  char verdict[16], problem[160]; /* the screen's; "" for none */
  char wrong[320];                /* its first wrong result in words; "" if there is none */
  uint64_t results, wrong_results;
  double gflops[CARDINAL_ISA_COUNT]; /* NAN: none */
  fleet_speed speed;
} fleet_core;

typedef struct fleet_node {
  char *file, *name;
  char group[320]; /* CPU model, mode and work: only its like are compared */
  bool ended_early, suspect_build;
  fleet_core *cores;
  size_t core_count;
  fleet_speed speed; /* the median of its cores' */
} fleet_node;

typedef struct fleet {
  fleet_node *nodes;
  size_t count;
} fleet;

/* Reads a screen's JSON as another node. False if it isn't one; `why` says what is wrong. */
bool fleet_read(fleet *to, const char *path, char *why, size_t size);
void fleet_free(fleet *from);

/* Sorts the nodes by group, and compares each with its like: slow is what is `drop` percent below the median and has a
 * robust z of -`z` or less. False without memory. */
bool fleet_compare(fleet *to, double drop, double z);

/* Ranks for the report: the lower, the worse. */
typedef enum fleet_rank {
  FLEET_WRONG,  /* a wrong result, a crash or a hang */
  FLEET_FAILED, /* a core that couldn't be screened */
  FLEET_SLOW,   /* the node, or a core of it */
  FLEET_FINE
} fleet_rank;

fleet_rank fleet_core_rank(const fleet_node *node, const fleet_core *core);
fleet_rank fleet_node_rank(const fleet_node *node);

#endif
