/* SPDX-License-Identifier: BSD-3-Clause */
/* Going through the registered kernels, and saying which case of which kernel went wrong. */
#ifndef CARDINAL_TESTS_KERNELS_HARNESS_H
#define CARDINAL_TESTS_KERNELS_HARNESS_H

#include "dispatch/select.h"
#include "gauntlet/data.h"
#include "gauntlet/memory.h"
#include "gauntlet/oracle.h"

/* The guarded memory of a kernel's arguments. */
typedef struct harness_buffers {
  gauntlet_memory x, w, bias, residual, y;
} harness_buffers;

void harness_buffers_init(harness_buffers *buffers, size_t capacity);
bool harness_buffers_intact(const harness_buffers *buffers);

/* Weights stay aligned to 64 bytes, and so have only two placements. */
gauntlet_placement harness_weights_placement(gauntlet_placement placement);

/* The cases of one kernel. Returns false as soon as one fails, having said so by harness_fail. */
typedef bool harness_cases(const cardinal_kernel *kernel, size_t *cases);

/* Runs the cases of every kernel of that form that this CPU can run and CARDINAL_TEST_KERNELS, a part of a name, lets
 * pass. Fails unless each has at least least(kernel) cases. A crash tells the case that was running. */
void harness_run(cardinal_form form, harness_cases *cases, size_t (*least)(const cardinal_kernel *kernel));

/* Names the case that is about to run, in the words that go into messages. */
__attribute__((format(printf, 1, 2))) void harness_case(const char *format, ...);

/* Random numbers for the run-th run of the case that was named last. They depend on its words alone, so that adding a
 * case leaves the others as they were, and on CARDINAL_TEST_SEED. */
gauntlet_random harness_random(size_t run);

/* Reports that the running case failed, and returns false. */
__attribute__((format(printf, 1, 2))) bool harness_fail(const char *format, ...);

/* Whether `shape` is one that the kernel serves; asked without regard to the CPU. */
bool harness_accepts(const cardinal_kernel *kernel, const cardinal_shape *shape);

/* Compares all floats that a call could have written with the expected ones. */
bool harness_equal(const float *found, const float *expected, size_t floats, const char *other);

#endif
