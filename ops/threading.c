/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/threading.h"

#include <stdlib.h>
#include <string.h>

#include "ops/error.h"

/* The build says otherwise. */
#ifndef CARDINAL_DEFAULT_THREADING
#define CARDINAL_DEFAULT_THREADING CARDINAL_THREADING_TEAM
#endif

#ifdef _OPENMP
static void openmp_parallel_for(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  const int count = (int)tasks;
#pragma omp parallel for num_threads(count) schedule(static, 1)
  for (int i = 0; i < count; ++i)
    task(argument, (size_t)i);
}
const cardinal_parallel_for cardinal_openmp_parallel_for = openmp_parallel_for;
static const char available[] = "serial, team, openmp";
#else
const cardinal_parallel_for cardinal_openmp_parallel_for = NULL;
static const char available[] = "serial, team";
#endif

const char *cardinal_threading_name(cardinal_threading threading) {
  switch (threading) {
  case CARDINAL_THREADING_DEFAULT:
    return "default";
  case CARDINAL_THREADING_SERIAL:
    return "serial";
  case CARDINAL_THREADING_TEAM:
    return "team";
  case CARDINAL_THREADING_OPENMP:
    return "openmp";
  case CARDINAL_THREADING_CUSTOM:
    return "custom";
  }
  return NULL;
}

static bool usable(cardinal_threading threading) {
  return threading != CARDINAL_THREADING_OPENMP || cardinal_openmp_parallel_for;
}

/* Of those that can be asked for by name. */
static cardinal_status by_name(const char *name, cardinal_threading *threading, cardinal_error *error) {
  for (int t = CARDINAL_THREADING_SERIAL; t <= CARDINAL_THREADING_OPENMP; ++t) {
    if (strcmp(name, cardinal_threading_name((cardinal_threading)t)) != 0)
      continue;
    if (!usable((cardinal_threading)t))
      return cardinal_fail(error, CARDINAL_UNSUPPORTED,
                           "CARDINAL_THREADING: this library was built without '%s'; available: %s", name, available);
    *threading = (cardinal_threading)t;
    return CARDINAL_OK;
  }
  return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "CARDINAL_THREADING: unknown threading '%s'; available: %s",
                       name, available);
}

cardinal_status cardinal_threading_choose(cardinal_threading asked, bool has_parallel_for, bool read_environment,
                                          cardinal_threading *chosen, cardinal_error *error) {
  if (!cardinal_threading_name(asked))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_context_create: threading is %d, expected a cardinal_threading; available: %s",
                         (int)asked, available);
  if (!usable(asked))
    return cardinal_fail(error, CARDINAL_UNSUPPORTED,
                         "cardinal_context_create: this library was built without threading '%s'; available: %s",
                         cardinal_threading_name(asked), available);
  if (asked == CARDINAL_THREADING_CUSTOM && !has_parallel_for)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_context_create: threading 'custom' needs a parallel_for");
  if (has_parallel_for && asked != CARDINAL_THREADING_DEFAULT && asked != CARDINAL_THREADING_CUSTOM)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_context_create: threading '%s' contradicts parallel_for; set one of them",
                         cardinal_threading_name(asked));
  const char *name = read_environment ? getenv("CARDINAL_THREADING") : NULL;
  if (asked != CARDINAL_THREADING_DEFAULT)
    *chosen = asked;
  else if (has_parallel_for)
    *chosen = CARDINAL_THREADING_CUSTOM;
  else if (name && *name)
    return by_name(name, chosen, error);
  else
    *chosen = CARDINAL_DEFAULT_THREADING;
  return CARDINAL_OK;
}
