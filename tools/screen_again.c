/* SPDX-License-Identifier: BSD-3-Clause */
/* A second look at a wrong result: the right bits from another core, and the same work on this core and on others. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/peak.h"
#include "gauntlet/child.h"
#include "gauntlet/judge.h"
#include "tools/screen_run.h"

/* How long the work is tried again on each core: not longer than all of its work was to take. */
#define LONGEST_REPEAT 2.0
enum {
  LEAST_RUNS = 3,
  ORACLE_SECONDS = 600
};

/* What a child is asked, and its answer; shared memory. */
typedef struct question {
  const screen_miss *miss;
  unsigned cpu;
  double seconds; /* to try again */
  bool answered;
  /* The right bits. */
  bool agrees;
  size_t outputs, wrong, at;
  char where[128];
  cardinal_format format; /* of the outputs */
  uint32_t found, right;
  /* Once more. */
  uint64_t runs, mismatches;
} question;

/* The bits of number `at`. */
static uint32_t bits_of(cardinal_format format, const char *numbers, size_t at) {
  const size_t bytes = cardinal_format_size(format);
  uint32_t bits = 0; /* little-endian */
  memcpy(&bits, numbers + at * bytes, bytes);
  return bits;
}

static bool open_again(const question *q, screen_job *job) {
  cardinal_error error;
  if (screen_pin(q->cpu) && !screen_job_open(job, &screen_items[q->miss->item], q->miss->pattern, q->miss->isa, &error))
    return true;
  return false;
}

static void compare(question *q, const screen_part *part, const char *found, const char *right) {
  q->outputs = screen_part_elements(part);
  q->format = part->format;
  for (size_t i = 0; i < q->outputs; ++i) {
    const size_t index = screen_part_index(part, i);
    const uint32_t found_bits = bits_of(part->format, found + part->offset, index);
    const uint32_t right_bits = bits_of(part->format, right + part->offset, index);
    if (found_bits == right_bits)
      continue;
    if (!q->wrong++) {
      q->at = i;
      q->found = found_bits;
      q->right = right_bits;
      gauntlet_coordinates(&part->problem, i, q->where, sizeof q->where);
    }
  }
}

static void recompute(void *argument) {
  question *q = argument;
  screen_job job;
  if (!open_again(q, &job) || job.bytes > SCREEN_MOST_BYTES)
    return;
  const char *right = screen_oracle(&job);
  if (!right)
    return;
  uint64_t hash, committed = 0;
  const screen_part *part = &job.parts[q->miss->part];
  hash = screen_hash(right + part->offset, part->bytes);
  q->agrees = screen_golden(job.item, part->name, &committed) && hash == committed;
  compare(q, part, q->miss->outputs, right);
  q->answered = true;
}

static void run_again(void *argument) {
  question *q = argument;
  screen_job job;
  if (!open_again(q, &job))
    return;
  const double end = cardinal_clock() + q->seconds;
  while (q->runs < LEAST_RUNS || cardinal_clock() < end) {
    double seconds;
    uint64_t hash;
    cardinal_error error;
    if (screen_job_run(&job, &seconds, &error))
      return;
    ++q->runs;
    q->mismatches += screen_job_check(&job, job.outputs, &hash) < job.part_count;
  }
  q->answered = true;
}

/* Asks a child; what went wrong with it, if anything, is put into words. */
static void ask(void (*work)(void *), question *q, double seconds, char *ending, size_t size) {
  int status = 0;
  gauntlet_crash *crash = gauntlet_shared(sizeof *crash);
  ending[0] = '\0';
  const gauntlet_end end = crash ? gauntlet_child_run(work, q, seconds, crash, &status) : GAUNTLET_NO_CHILD;
  if (end != GAUNTLET_ENDED_WELL)
    gauntlet_end_describe(end, status, seconds, ending, size);
  else if (!q->answered)
    snprintf(ending, size, "couldn't be run");
  gauntlet_unshare(crash, sizeof *crash);
}

/* CPUs other than a core's own: first the screen's that computed right, then the screen's, then, if it has no other,
 * one more that this process may use. Returns how many. */
static size_t list_others(const screen *s, size_t core, unsigned others[SCREEN_MOST_REPEATS]) {
  size_t count = 0;
  for (int right = 1; right >= 0; --right)
    for (size_t i = 0; i < s->count && count < SCREEN_MOST_REPEATS; ++i)
      if (i != core && (!s->cores[i]->miss.found && s->cores[i]->end == SCREEN_ENDED_WELL) == right)
        others[count++] = s->cores[i]->cpu.cpu;
  cardinal_cpu_set allowed;
  if (!count && cardinal_cpu_set_allowed(&allowed))
    for (unsigned cpu = 0; cpu < CARDINAL_MAX_CPUS && !count; ++cpu)
      if (cpu != s->cores[core]->cpu.cpu && cardinal_cpu_set_has(&allowed, cpu))
        others[count++] = cpu;
  return count;
}

static void repeat_on(const screen *s, unsigned cpu, question *q, screen_second_look *look) {
  screen_repeat *repeat = &look->repeats[look->repeat_count++];
  const screen_miss *miss = q->miss;
  *q = (question){.miss = miss, .cpu = cpu, .seconds = fmin(LONGEST_REPEAT, s->orders.seconds)};
  ask(run_again, q, q->seconds + (double)s->options->timeout, repeat->ending, sizeof repeat->ending);
  repeat->cpu = q->cpu;
  repeat->runs = q->runs;
  repeat->wrong = q->mismatches;
}

void screen_look_again(const screen *s, size_t core, screen_second_look *look) {
  *look = (screen_second_look){0};
  question *q = gauntlet_shared(sizeof *q);
  if (!q)
    return;
  char ending[160];
  const unsigned own = s->cores[core]->cpu.cpu;
  unsigned others[SCREEN_MOST_REPEATS];
  const size_t other_count = list_others(s, core, others);
  *q = (question){.miss = &s->cores[core]->miss, .cpu = other_count ? others[0] : own};
  ask(recompute, q, ORACLE_SECONDS, ending, sizeof ending);
  look->cpu = q->cpu;
  look->recomputed = !ending[0];
  look->agrees = q->agrees;
  look->outputs = q->outputs;
  look->wrong = q->wrong;
  look->at = q->at;
  look->format = q->format;
  look->found = q->found;
  look->right = q->right;
  memcpy(look->where, q->where, sizeof look->where);
  repeat_on(s, own, q, look);
  for (size_t i = 0; i < other_count && look->repeat_count < SCREEN_MOST_REPEATS; ++i)
    repeat_on(s, others[i], q, look);
  gauntlet_unshare(q, sizeof *q);
}
