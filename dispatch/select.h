/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kernel serves a shape on a CPU. */
#ifndef CARDINAL_DISPATCH_SELECT_H
#define CARDINAL_DISPATCH_SELECT_H

#include "dispatch/cpu.h"
#include "kernels/move.h"
#include "kernels/registry.h"

/* What selection may use: the features of a CPU (real or injected), less those taken away, up to a cap. */
typedef struct cardinal_selector {
  cardinal_cpu_features features;
  uint32_t without; /* CARDINAL_CPU_... bits */
  cardinal_isa cap;
  const cardinal_kernel *only; /* NULL: any; otherwise no other kernel is used */
} cardinal_selector;

/* Why the CPU, the cap or what was taken away keeps `kernel` from being used: NULL, or a static phrase. */
const char *cardinal_kernel_unusable(const cardinal_kernel *kernel, const cardinal_selector *selector);

/* Why `kernel` isn't the one for `shape`: NULL if it serves, otherwise a static phrase. */
const char *cardinal_kernel_declines(const cardinal_kernel *kernel, const cardinal_selector *selector,
                                     const cardinal_shape *shape);

/* The first kernel that serves; never NULL for shapes that pass the operators' checks, since the portable kernels
 * serve all of those. */
const cardinal_kernel *cardinal_kernel_select(const cardinal_selector *selector, const cardinal_shape *shape);

/* The first kernel for moves between layouts that may be used; `only` doesn't count, since it is about computing. */
cardinal_move_kernel *cardinal_move_select(const cardinal_selector *selector);

#endif
