/* SPDX-License-Identifier: BSD-3-Clause */
/* What the cores' figures say. */
#include <math.h>
#include <stdlib.h>

#include "tools/median.h"
#include "tools/screen_run.h"

/* Seconds of one run, by the median; NAN if none was timed. */
static double run_seconds(const screen_tally *tally) {
  double sorted[SCREEN_SAMPLES];
  const size_t count = tally->samples < SCREEN_SAMPLES ? tally->samples : SCREEN_SAMPLES;
  for (size_t i = 0; i < count; ++i)
    sorted[i] = tally->seconds[i];
  return median(sorted, count);
}

double screen_rate(const screen_core *core, cardinal_isa isa) {
  double flops = 0, seconds = 0;
  for (size_t item = 0; item < screen_item_count; ++item) {
    const screen_tally *tally = &core->tallies[isa][item];
    const double one = run_seconds(tally);
    if (tally->flops <= 0 || isnan(one))
      continue;
    flops += tally->flops;
    seconds += one;
  }
  return seconds > 0 ? flops / seconds * 1e-9 : NAN;
}

/* Times of one item with one instruction set on all cores, as times of the siblings' median over one's own. */
static void compare_tally(const screen *s, size_t item, int isa, double *times, double *others, double *ratios,
                          size_t *ratio_counts, size_t most) {
  for (size_t i = 0; i < s->count; ++i)
    times[i] = run_seconds(&s->cores[i]->tallies[isa][item]);
  for (size_t i = 0; i < s->count; ++i) {
    size_t siblings = 0;
    for (size_t j = 0; j < s->count; ++j)
      if (j != i && !isnan(times[j]))
        others[siblings++] = times[j];
    if (!isnan(times[i]) && siblings)
      ratios[i * most + ratio_counts[i]++] = median(others, siblings) / times[i];
  }
}

void screen_compare(screen *s) {
  const size_t most = screen_item_count * CARDINAL_ISA_COUNT;
  double *times = calloc(s->count, sizeof *times), *others = calloc(s->count, sizeof *others);
  double *ratios = calloc(s->count * most, sizeof *ratios);
  size_t *counts = calloc(s->count, sizeof *counts);
  if (times && others && ratios && counts)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      for (size_t item = 0; item < screen_item_count; ++item)
        compare_tally(s, item, isa, times, others, ratios, counts, most);
  for (size_t i = 0; i < s->count; ++i)
    s->relative[i] = ratios && counts ? median(ratios + i * most, counts[i]) : NAN;
  free(times);
  free(others);
  free(ratios);
  free(counts);
}

screen_verdict screen_core_verdict(const screen *s, size_t core) {
  const screen_core *c = s->cores[core];
  if (c->mismatches || c->end == SCREEN_CRASHED || c->end == SCREEN_HUNG)
    return SCREEN_WRONG;
  if (c->end != SCREEN_ENDED_WELL || !c->runs)
    return SCREEN_FAILED;
  return s->relative[core] < 1 - s->options->slow / 100 ? SCREEN_SLOW : SCREEN_RIGHT;
}

const char *screen_verdict_name(screen_verdict verdict) {
  static const char *const names[] = {"right", "failed", "wrong", "slow"};
  return names[verdict];
}
