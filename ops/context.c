/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/context.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dispatch/detect.h"
#include "kernels/fpenv.h"
#include "ops/abi.h"
#include "ops/error.h"
#include "ops/plugin.h"
#include "ops/threading.h"

enum {
  MAX_THREADS = 4096,
  ALIGNMENT = 64
};

/* The weights of a large layer are read once in each run, from memory, and walking the page tables for pages of 4 KB
 * takes up to 5 % of it. Only whole large pages are asked for, so that no more memory is used. */
enum {
  LARGE_PAGE = 2 << 20
};

static void *default_allocate(void *user, size_t bytes, size_t alignment) {
  (void)user;
  void *memory = NULL;
  if (bytes < LARGE_PAGE)
    return posix_memalign(&memory, alignment, bytes) == 0 ? memory : NULL;
  if (posix_memalign(&memory, LARGE_PAGE, bytes) != 0)
    return NULL;
  madvise(memory, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE); /* without effect where the system says never */
  return memory;
}

static void default_deallocate(void *user, void *memory, size_t bytes) {
  (void)user;
  (void)bytes;
  free(memory);
}

void cardinal_context_desc_init_sized(cardinal_context_desc *desc, size_t size) {
  const cardinal_context_desc defaults = {0};
  cardinal_struct_give(desc, size, &defaults, sizeof defaults);
}

void(cardinal_context_desc_init)(cardinal_context_desc *desc) {
  cardinal_context_desc_init_sized(desc, CARDINAL_CONTEXT_DESC_LEAST);
}

/* "generic, avx2" */
static const char *usable_isas(const cardinal_cpu_features *features, char *text, size_t size) {
  text[0] = '\0';
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    if (!cardinal_isa_usable((cardinal_isa)isa, features))
      continue;
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? ", " : "", cardinal_isa_name((cardinal_isa)isa));
  }
  return text;
}

static cardinal_status isa_by_name(const char *name, const char *origin, const cardinal_cpu_features *features,
                                   cardinal_isa *isa, cardinal_error *error) {
  char available[96];
  for (int i = 0; i < CARDINAL_ISA_COUNT; ++i) {
    if (strcmp(name, cardinal_isa_name((cardinal_isa)i)) != 0)
      continue;
    if (!cardinal_isa_usable((cardinal_isa)i, features))
      return cardinal_fail(error, CARDINAL_UNSUPPORTED,
                           "%s: the instruction set '%s' can't be used here; available: %s", origin, name,
                           usable_isas(features, available, sizeof available));
    *isa = (cardinal_isa)i;
    return CARDINAL_OK;
  }
  return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: unknown instruction set '%s'; available: %s", origin,
                       name, usable_isas(features, available, sizeof available));
}

static cardinal_status without_by_name(const char *list, const char *origin, uint32_t *without, cardinal_error *error) {
  char known[256];
  size_t length;
  const char *unknown = cardinal_cpu_features_parse(list, without, &length);
  if (!unknown)
    return CARDINAL_OK;
  cardinal_cpu_features_known(known, sizeof known);
  return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: unknown CPU feature '%.*s'; known: %s", origin,
                       (int)(length < 64 ? length : 64), unknown, known);
}

static cardinal_status threads_by_name(const char *text, uint32_t *threads, cardinal_error *error) {
  char *end;
  errno = 0;
  const long value = strtol(text, &end, 10);
  if (errno || end == text || *end || value < 1 || value > MAX_THREADS)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "CARDINAL_NUM_THREADS: '%s' is not a number of threads from 1 to %d", text, MAX_THREADS);
  *threads = (uint32_t)value;
  return CARDINAL_OK;
}

/* Makes the team, if the context is to have one; false if there is no memory. */
static bool make_team(cardinal_context *c) {
  if (c->threading != CARDINAL_THREADING_TEAM || c->threads == 1)
    return true;
  const cardinal_topology *t = &c->topology;
  const bool cpu_for_each = c->threads <= t->allowed_cpus && (t->cpu_quota <= 0 || c->threads < t->cpu_quota + 1);
  const size_t bytes = cardinal_team_bytes(c->threads);
  c->team = cardinal_context_allocate(c, bytes);
  if (!c->team || cardinal_team_init(c->team, c->threads, cpu_for_each))
    return c->team;
  cardinal_context_free(c, c->team, bytes);
  return false;
}

static cardinal_allocator allocator_of(const cardinal_context *c) {
  return (cardinal_allocator){c->allocate, c->deallocate, c->allocator_user};
}

cardinal_status cardinal_context_create(const cardinal_context_desc *desc, cardinal_context **context,
                                        cardinal_error *error) {
  if (!context)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_context_create: 'context' is NULL");
  cardinal_context_desc d;
  cardinal_context_desc_init(&d);
  static const cardinal_struct type = CARDINAL_STRUCT(cardinal_context_desc, CARDINAL_CONTEXT_DESC_LEAST);
  const cardinal_status taken =
      desc ? cardinal_struct_take("cardinal_context_create", &type, &d, desc, error) : CARDINAL_OK;
  if (taken)
    return taken;
  if (d.flags & ~(uint32_t)(CARDINAL_CONTEXT_IGNORE_ENVIRONMENT | CARDINAL_CONTEXT_FLUSH_DENORMALS))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_context_create: unknown bits in flags 0x%x",
                         d.flags);
  if (d.reserved || d.reserved2)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_context_create: reserved is %u and reserved2 %u, expected 0", d.reserved,
                         d.reserved2);
  if (d.threads > MAX_THREADS)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_context_create: %u threads, at most %d are possible", d.threads, MAX_THREADS);
  if (!d.allocate != !d.deallocate)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_context_create: set both 'allocate' and 'deallocate', or neither");

  char complaint[256];
  if (d.plugin && !cardinal_plugin_check(d.plugin, complaint, sizeof complaint))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_context_create: plugin: %s", complaint);

  cardinal_context c = {.flags = d.flags, .selector = {.evidence = &cardinal_built_in_evidence}};
  cardinal_cpu_detect(&c.selector.features);

  const bool read_environment = !(d.flags & CARDINAL_CONTEXT_IGNORE_ENVIRONMENT);
  const char *without = d.without, *without_origin = "without";
  if (!without && read_environment) {
    without = getenv("CARDINAL_WITHOUT");
    without_origin = "CARDINAL_WITHOUT";
  }
  if (without && *without) {
    const cardinal_status status = without_by_name(without, without_origin, &c.selector.without, error);
    if (status)
      return status;
  }
  cardinal_cpu_features usable = c.selector.features;
  usable.enabled &= ~c.selector.without;

  const char *isa = d.isa, *origin = "isa";
  if (!isa && read_environment) {
    isa = getenv("CARDINAL_ISA");
    origin = "CARDINAL_ISA";
  }
  c.selector.cap = cardinal_isa_best(&usable);
  if (isa && *isa) {
    const cardinal_status status = isa_by_name(isa, origin, &usable, &c.selector.cap, error);
    if (status)
      return status;
  }

  c.threads = d.threads;
  const char *threads = read_environment ? getenv("CARDINAL_NUM_THREADS") : NULL;
  if (!c.threads && threads && *threads) {
    const cardinal_status status = threads_by_name(threads, &c.threads, error);
    if (status)
      return status;
  }
  cardinal_topology_detect(&c.topology);
  if (!c.threads)
    c.threads = cardinal_topology_threads(&c.topology);

  const cardinal_status chosen =
      cardinal_threading_choose(d.threading, d.parallel_for, read_environment, &c.threading, error);
  if (chosen)
    return chosen;
  if (c.threading == CARDINAL_THREADING_SERIAL)
    c.threads = 1;
  c.parallel_for = c.threading == CARDINAL_THREADING_OPENMP ? cardinal_openmp_parallel_for : d.parallel_for;
  c.parallel_for_user = d.parallel_for_user;
  c.allocate = d.allocate ? d.allocate : default_allocate;
  c.deallocate = d.deallocate ? d.deallocate : default_deallocate;
  c.allocator_user = d.allocator_user;
  c.plugin = d.plugin;
  const cardinal_allocator allocator = allocator_of(&c);
  const cardinal_status tuned = cardinal_tuning_file_load("cardinal_context_create", d.tuning, read_environment,
                                                          &c.selector.features, &allocator, &c.tuning, error);
  if (tuned)
    return tuned;
  c.selector.tuned = c.tuning.rows;
  c.selector.tuned_count = c.tuning.count;

  cardinal_context *made = cardinal_context_allocate(&c, sizeof *made);
  if (!made || !make_team(&c)) {
    cardinal_tuning_file_free(&c.tuning, &allocator);
    cardinal_context_free(&c, made, sizeof *made);
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "cardinal_context_create: no memory for a context");
  }
  *made = c;
  *context = made;
  return CARDINAL_OK;
}

void cardinal_context_destroy(cardinal_context *context) {
  if (!context)
    return;
  const cardinal_context copy = *context;
  if (copy.team) {
    cardinal_team_stop(copy.team);
    cardinal_context_free(&copy, copy.team, cardinal_team_bytes(copy.threads));
  }
  const cardinal_allocator allocator = allocator_of(&copy);
  cardinal_tuning_file_free(&copy.tuning, &allocator);
  cardinal_context_free(&copy, context, sizeof *context);
}

cardinal_isa cardinal_context_isa(const cardinal_context *context) {
  return context->selector.cap;
}

uint32_t cardinal_context_threads(const cardinal_context *context) {
  return context->threads;
}

cardinal_threading cardinal_context_threading(const cardinal_context *context) {
  return context->threading;
}

const char *cardinal_context_tuning(const cardinal_context *context) {
  return context->tuning.note;
}

int32_t cardinal_context_hold_threads(const cardinal_context *context) {
  return !context->team || cardinal_team_hold(context->team);
}

void cardinal_context_release_threads(const cardinal_context *context) {
  if (context->team)
    cardinal_team_release(context->team);
}

void *cardinal_context_allocate(const cardinal_context *context, size_t bytes) {
  return context->allocate(context->allocator_user, bytes, ALIGNMENT);
}

void cardinal_context_free(const cardinal_context *context, void *memory, size_t bytes) {
  if (memory)
    context->deallocate(context->allocator_user, memory, bytes);
}

void cardinal_context_run_tasks(const cardinal_context *c, size_t tasks, cardinal_task task, void *argument) {
  if (c->team) {
    cardinal_team_run(c->team, tasks, task, argument);
    return;
  }
  if (!c->parallel_for) {
    task(argument, 0);
    return;
  }
  /* Whoever starts the tasks may compute as well: LLVM's OpenMP library raises the caller's inexact flag. */
  const cardinal_fp_modes before = cardinal_fp_current();
  c->parallel_for(c->parallel_for_user, tasks, task, argument);
  cardinal_fp_leave(before);
}
