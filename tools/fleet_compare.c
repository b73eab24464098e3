/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fleet.h"
#include "tools/median.h"

/* Makes a standard deviation of a MAD, if the values are distributed normally. */
#define MAD_TO_SIGMA 0.6745

static int by_group(const void *a, const void *b) {
  const fleet_node *x = a, *y = b;
  const int groups = strcmp(x->group, y->group);
  return groups ? groups : strcmp(x->name, y->name);
}

/* Says of each of some speeds how far it is below their median. `room`: as many values. */
static void judge(fleet_speed *const *speeds, size_t count, double drop, double z, double *room) {
  size_t known = 0;
  for (size_t i = 0; i < count; ++i)
    if (!isnan(speeds[i]->value))
      room[known++] = speeds[i]->value;
  const double middle = median(room, known);
  size_t deviations = 0;
  for (size_t i = 0; i < count; ++i)
    if (!isnan(speeds[i]->value))
      room[deviations++] = fabs(speeds[i]->value - middle);
  const double mad = median(room, known);
  for (size_t i = 0; i < count; ++i) {
    fleet_speed *s = speeds[i];
    s->drop = 100 * (1 - s->value / middle);
    s->z = mad > 0 ? MAD_TO_SIGMA * (s->value - middle) / mad : NAN;
    /* Where most are equal, whatever is below them is an outlier. */
    s->is_slow = known >= FLEET_LEAST_COMPARED && s->drop >= drop && (mad > 0 ? s->z <= -z : s->value < middle);
  }
}

/* A core's rates as shares of the group's median rates: their mean over the instruction sets. */
static void rate_cores(fleet_node *nodes, size_t count, double *room) {
  double medians[CARDINAL_ISA_COUNT];
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    size_t known = 0;
    for (size_t i = 0; i < count; ++i)
      for (size_t c = 0; c < nodes[i].core_count; ++c)
        if (!isnan(nodes[i].cores[c].gflops[isa]))
          room[known++] = nodes[i].cores[c].gflops[isa];
    medians[isa] = median(room, known);
  }
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < nodes[i].core_count; ++c) {
      double sum = 0;
      int rates = 0;
      for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
        if (!isnan(nodes[i].cores[c].gflops[isa])) {
          sum += nodes[i].cores[c].gflops[isa] / medians[isa];
          ++rates;
        }
      nodes[i].cores[c].speed.value = rates ? sum / rates : NAN;
    }
}

static void rate_node(fleet_node *node, double *room) {
  size_t known = 0;
  for (size_t c = 0; c < node->core_count; ++c)
    if (!isnan(node->cores[c].speed.value))
      room[known++] = node->cores[c].speed.value;
  node->speed.value = median(room, known);
}

/* Where half of a node's cores or fewer are slow, they are the finding, not the node whose median they lower. */
static void blame_cores(fleet_node *node) {
  size_t slow = 0;
  for (size_t c = 0; c < node->core_count; ++c)
    slow += node->cores[c].speed.is_slow;
  if (slow && slow * 2 <= node->core_count)
    node->speed.is_slow = false;
}

static void compare_group(fleet_node *nodes, size_t count, double drop, double z, double *room, fleet_speed **speeds) {
  rate_cores(nodes, count, room);
  for (size_t i = 0; i < count; ++i) {
    rate_node(&nodes[i], room);
    speeds[i] = &nodes[i].speed;
  }
  judge(speeds, count, drop, z, room);
  size_t cores = 0;
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < nodes[i].core_count; ++c)
      speeds[cores++] = &nodes[i].cores[c].speed;
  judge(speeds, cores, drop, z, room);
  for (size_t i = 0; i < count; ++i)
    blame_cores(&nodes[i]);
}

bool fleet_compare(fleet *to, double drop, double z) {
  size_t cores = 1;
  for (size_t i = 0; i < to->count; ++i)
    cores += to->nodes[i].core_count;
  double *room = malloc(cores * sizeof *room);
  fleet_speed **speeds = malloc(cores * sizeof *speeds);
  const bool ready = room && speeds;
  qsort(to->nodes, to->count, sizeof *to->nodes, by_group);
  for (size_t first = 0, end; ready && first < to->count; first = end) {
    for (end = first + 1; end < to->count && !strcmp(to->nodes[end].group, to->nodes[first].group);)
      ++end;
    compare_group(to->nodes + first, end - first, drop, z, room, speeds);
  }
  free(room);
  free(speeds);
  return ready;
}

/* A slow node's cores are as slow as it is: they are no findings of their own. */
fleet_rank fleet_core_rank(const fleet_node *node, const fleet_core *core) {
  if (!strcmp(core->verdict, "wrong") || core->wrong_results)
    return FLEET_WRONG;
  if (!strcmp(core->verdict, "failed"))
    return FLEET_FAILED;
  return !strcmp(core->verdict, "slow") || (core->speed.is_slow && !node->speed.is_slow) ? FLEET_SLOW : FLEET_FINE;
}

fleet_rank fleet_node_rank(const fleet_node *node) {
  fleet_rank rank = node->speed.is_slow ? FLEET_SLOW : FLEET_FINE;
  for (size_t c = 0; c < node->core_count; ++c) {
    const fleet_rank core = fleet_core_rank(node, &node->cores[c]);
    rank = core < rank ? core : rank;
  }
  return rank;
}
