/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library under test, behind a table of its functions: the one that this program is linked with, or a twin of it.
 *
 * A twin holds the portable kernels alone, built with an ISA's compiler flags: what a compiler makes of plain C when it
 * may use those instructions. It is a loadable module, since all its symbols have the names of the real library's.
 */
#ifndef CARDINAL_BENCH_LIBRARY_H
#define CARDINAL_BENCH_LIBRARY_H

#include <stdbool.h>

#include <cardinal/net.h>

typedef struct bench_library {
  __typeof__(cardinal_context_create) *context_create;
  __typeof__(cardinal_context_destroy) *context_destroy;
  __typeof__(cardinal_conv_create) *conv_create;
  __typeof__(cardinal_pool_create) *pool_create;
  __typeof__(cardinal_plan_destroy) *plan_destroy;
  __typeof__(cardinal_plan_scratch_bytes) *plan_scratch_bytes;
  __typeof__(cardinal_plan_run) *plan_run;
  __typeof__(cardinal_plan_kernel) *plan_kernel;
  __typeof__(cardinal_weights_synthetic) *weights_synthetic;
  __typeof__(cardinal_weights_destroy) *weights_destroy;
  __typeof__(cardinal_net_create) *net_create;
  __typeof__(cardinal_net_destroy) *net_destroy;
  __typeof__(cardinal_net_arena_bytes) *net_arena_bytes;
  __typeof__(cardinal_net_run) *net_run;
} bench_library;

/* The library that this program is linked with. */
const bench_library *bench_library_linked(void);

/* The compiler flags of the twin for an ISA, such as "-mavx2 -mfma"; NULL if there is no twin or this CPU can't run it.
 */
const char *bench_twin_flags(cardinal_isa isa);

/* That twin, loaded at the first call; NULL with a message in `error` if it can't be loaded. */
const bench_library *bench_library_twin(cardinal_isa isa, char *error, size_t size);

#endif
