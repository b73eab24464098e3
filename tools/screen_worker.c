/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/screen_worker.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "bench/peak.h"

/* How long a piece of work stays on the core before the next one, so that most of the time goes into computing, and
 * little into setting up. */
#define LONGEST_STAY 0.25
enum {
  LEAST_RUNS = 2
};

bool screen_orders_hold(const screen_orders *orders, size_t item, cardinal_isa isa) {
  return orders->items[item] && orders->isas[isa] &&
         (isa != CARDINAL_ISA_GENERIC || orders->generic_does_all || screen_items[item].light);
}

bool screen_pin(unsigned cpu) {
  cpu_set_t *mask = CPU_ALLOC(CARDINAL_MAX_CPUS);
  const size_t bytes = CPU_ALLOC_SIZE(CARDINAL_MAX_CPUS);
  if (!mask)
    return false;
  CPU_ZERO_S(bytes, mask);
  CPU_SET_S(cpu, bytes, mask);
  const bool pinned = !sched_setaffinity(0, bytes, mask);
  const int why = errno;
  CPU_FREE(mask);
  errno = why;
  return pinned;
}

static size_t count_stays(const screen_orders *orders) {
  size_t stays = 0;
  for (size_t item = 0; item < screen_item_count; ++item)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      if (screen_orders_hold(orders, item, (cardinal_isa)isa))
        stays += screen_item_patterns(&screen_items[item]);
  return stays;
}

static void note_miss(screen_core *core, const screen_job *job, cardinal_isa isa, size_t part, uint64_t hash) {
  screen_miss *miss = &core->miss;
  const char *kernel = screen_job_kernel(job, part);
  miss->item = (size_t)(job->item - screen_items);
  miss->pattern = job->pattern;
  miss->isa = isa;
  miss->part = part;
  miss->run = core->runs;
  miss->hash = hash;
  snprintf(miss->part_name, sizeof miss->part_name, "%s", job->parts[part].name);
  snprintf(miss->kernel, sizeof miss->kernel, "%s", kernel);
  if (job->bytes <= SCREEN_MOST_BYTES)
    memcpy(miss->outputs, job->outputs, job->bytes);
  miss->found = true;
}

/* The first run of a stay finds cold caches: it says nothing of speed. */
static void note_time(screen_tally *tally, size_t run, double seconds) {
  if (run > 0)
    tally->seconds[tally->samples++ % SCREEN_SAMPLES] = seconds;
}

static bool stay(const screen_orders *orders, screen_core *core, screen_job *job, cardinal_isa isa, double until) {
  screen_tally *tally = &core->tallies[isa][job->item - screen_items];
  cardinal_error error;
  tally->flops = (double)job->flops;
  for (size_t run = 0; run < LEAST_RUNS || cardinal_clock() < until; ++run) {
    if (*orders->stop)
      return true;
    double seconds;
    core->heartbeat = cardinal_clock();
    if (screen_job_run(job, &seconds, &error)) {
      snprintf(core->problem, sizeof core->problem, "%.150s", error.message);
      return false;
    }
    ++core->runs;
    ++tally->runs;
    note_time(tally, run, seconds);
    uint64_t hash;
    const size_t part = screen_job_check(job, job->outputs, &hash);
    if (part < job->part_count) {
      ++core->mismatches;
      ++tally->mismatches;
      if (!core->miss.found)
        note_miss(core, job, isa, part, hash);
    }
  }
  return true;
}

/* Sets a piece of work up and runs it; false if that can't be done. */
static bool visit(const screen_orders *orders, screen_core *core, size_t item, unsigned pattern, cardinal_isa isa,
                  double seconds) {
  screen_job job;
  cardinal_error error;
  core->item = item;
  core->pattern = pattern;
  core->isa = isa;
  core->heartbeat = cardinal_clock();
  bool well = !screen_job_open(&job, &screen_items[item], pattern, isa, &error);
  if (well) /* setting up isn't what the time was asked for */
    well = stay(orders, core, &job, isa, cardinal_clock() + seconds);
  else
    snprintf(core->problem, sizeof core->problem, "%.150s", error.message);
  screen_job_close(&job);
  return well;
}

/* Goes through all work once, or until the time is up if it isn't the first pass. */
static bool pass(const screen_orders *orders, screen_core *core, double stay_seconds, double deadline) {
  for (unsigned pattern = 0; pattern < SCREEN_PATTERNS; ++pattern)
    for (size_t item = 0; item < screen_item_count; ++item)
      for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
        if (pattern >= screen_item_patterns(&screen_items[item]) ||
            !screen_orders_hold(orders, item, (cardinal_isa)isa))
          continue;
        if (*orders->stop || (core->passes && cardinal_clock() >= deadline))
          return true;
        if (!visit(orders, core, item, pattern, (cardinal_isa)isa, stay_seconds))
          return false;
      }
  ++core->passes;
  return true;
}

void screen_work(const screen_orders *orders, screen_core *core) {
  if (!screen_pin(core->cpu.cpu)) {
    snprintf(core->problem, sizeof core->problem, "can't be bound to CPU %u: %s", core->cpu.cpu, strerror(errno));
    return;
  }
  const double start = cardinal_clock(), cpu_start = cardinal_cpu_clock();
  const double share = orders->seconds / (double)count_stays(orders);
  const double stay_seconds = share < LONGEST_STAY ? share : LONGEST_STAY;
  bool well = true;
  while (well && !*orders->stop && (!core->passes || cardinal_clock() < start + orders->seconds))
    well = pass(orders, core, stay_seconds, start + orders->seconds);
  core->seconds = cardinal_clock() - start;
  core->cpu_seconds = cardinal_cpu_clock() - cpu_start;
  core->done = well;
}
