/* SPDX-License-Identifier: BSD-3-Clause */
/* One convolution for all tests of threads, and what can be seen of the process's threads. */
#ifndef CARDINAL_TESTS_THREADS_PROBLEM_H
#define CARDINAL_TESTS_THREADS_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

/* Makes the data and, serially, the right result. Comes before all else. */
void problem_init(void);

cardinal_context *problem_context(cardinal_threading threading, uint32_t threads);

/* A grouped convolution, cut into 16 items or more. */
cardinal_plan *problem_plan(const cardinal_context *context);

/* Runs the plan once; whether that succeeded with the right bits. */
bool problem_run_right(const cardinal_plan *plan);

/* How many threads the process has, the calling one included. */
size_t thread_count(void);

/* Whether the count is, or within half a minute becomes, the one expected: threads that have been joined may be seen
 * for a moment longer. */
bool thread_count_settles(size_t expected);

#endif
