/* SPDX-License-Identifier: BSD-3-Clause */
/* Going through the registered kernels, and saying which case of which kernel went wrong. */
#ifndef CARDINAL_TESTS_KERNELS_HARNESS_H
#define CARDINAL_TESTS_KERNELS_HARNESS_H

#include "kernels/registry.h"

/* Runs the gauntlet's cases of every kernel of that form that this CPU can run and CARDINAL_TEST_KERNELS, a part of a
 * name, lets pass; of CARDINAL_TEST_CASE, a number, only that one. Fails at a kernel's first wrong case, and unless
 * each kernel has at least least(kernel) cases. A crash tells the case that was running. `test` is the test's name, for
 * the line that repeats a failure. */
void harness_run(const char *test, cardinal_form form, size_t (*least)(const cardinal_kernel *kernel));

#endif
