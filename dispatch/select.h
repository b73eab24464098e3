/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kernel serves a shape on a CPU. */
#ifndef CARDINAL_DISPATCH_SELECT_H
#define CARDINAL_DISPATCH_SELECT_H

#include "dispatch/cpu.h"
#include "dispatch/evidence.h"
#include "dispatch/tuning.h"
#include "kernels/move.h"
#include "kernels/registry.h"

/* What selection may use: the features of a CPU (real or injected), less those taken away, up to a cap. */
typedef struct cardinal_selector {
  cardinal_cpu_features features;
  uint32_t without; /* CARDINAL_CPU_... bits */
  cardinal_isa cap;
  const cardinal_kernel *only; /* NULL: any; otherwise no other kernel is used */
  /* What comes before the registry's order, if there is any: measured on this machine, then for this family of CPUs. */
  const cardinal_tuned *tuned;
  size_t tuned_count;
  const cardinal_evidence *evidence;
} cardinal_selector;

/* Why a kernel was chosen among those that serve. */
typedef enum cardinal_basis {
  CARDINAL_BASIS_ORDER,    /* the first one of the registry */
  CARDINAL_BASIS_BUILT_IN, /* the built-in evidence prefers it */
  CARDINAL_BASIS_MEASURED  /* the fastest one on this machine */
} cardinal_basis;

/* "order", "built-in", "measured" */
const char *cardinal_basis_name(cardinal_basis basis);

/* Why the CPU, the cap or what was taken away keeps `kernel` from being used: NULL, or a static phrase. */
const char *cardinal_kernel_unusable(const cardinal_kernel *kernel, const cardinal_selector *selector);

/* Why `kernel` isn't the one for `shape`: NULL if it serves, otherwise a static phrase. */
const char *cardinal_kernel_declines(const cardinal_kernel *kernel, const cardinal_selector *selector,
                                     const cardinal_shape *shape);

/* The kernel that evidence prefers, else the first that serves; never NULL for shapes that pass the operators' checks,
 * since the portable kernels serve all of those. Tells the basis unless that is NULL. */
const cardinal_kernel *cardinal_kernel_choose(const cardinal_selector *selector, const cardinal_shape *shape,
                                              cardinal_basis *basis);

/* The same, for those who don't ask why. */
const cardinal_kernel *cardinal_kernel_select(const cardinal_selector *selector, const cardinal_shape *shape);

/* The first kernel for moves between layouts that may be used, and that makes the one format of the other: the same, or
 * another of floats. `only` doesn't count, since it is about computing. */
cardinal_move_kernel *cardinal_move_select(const cardinal_selector *selector, cardinal_format from, cardinal_format to);

/* The same for copies of whole blocks. */
cardinal_copy_kernel *cardinal_copy_select(const cardinal_selector *selector);

#endif
