/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts to run operators in: every ISA that this CPU has, and several ways to run tasks. */
#ifndef CARDINAL_TESTS_OPS_RUNNERS_H
#define CARDINAL_TESTS_OPS_RUNNERS_H

#include <cardinal/cardinal.h>

typedef enum runner {
  RUNNER_TEAM,        /* the library's own threads */
  RUNNER_SERIAL,      /* one after the other on the calling thread, although more threads were promised */
  RUNNER_REVERSED,    /* the same, last task first */
  RUNNER_TWO_THREADS, /* on two threads, however many were promised */
#ifdef _OPENMP
  RUNNER_OPENMP,
#endif
  RUNNERS
} runner;

const char *runner_name(runner way);

/* A context for `threads` threads; NULL if this CPU or this build lacks the ISA. Contexts are made once and kept until
 * the process ends. threads is at most 8. */
const cardinal_context *runner_context(cardinal_isa isa, uint32_t threads, runner way);

#endif
