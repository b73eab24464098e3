/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of kernels, and which of them serves a shape on a CPU. */
#ifndef CARDINAL_DISPATCH_REGISTRY_H
#define CARDINAL_DISPATCH_REGISTRY_H

#include <stdbool.h>

#include <cardinal/cardinal.h>

#include "dispatch/cpu.h"
#include "kernels/kernel.h"

typedef enum cardinal_operation {
  CARDINAL_OPERATION_CONV,
  CARDINAL_OPERATION_MAX_POOL,
  CARDINAL_OPERATION_AVERAGE_POOL
} cardinal_operation;

/* How a kernel is called, and so which driver in ops/ runs it. */
typedef enum cardinal_form {
  CARDINAL_FORM_CONV1X1,
  CARDINAL_FORM_FC,
  CARDINAL_FORM_CONV,
  CARDINAL_FORM_POOL
} cardinal_form;

/* An operator's shape as selection sees it. For pools, channels count as groups of one. */
typedef struct cardinal_shape {
  cardinal_operation operation;
  cardinal_layout x_layout;
  size_t batch, groups;
  size_t in_per_group, out_per_group; /* channels */
  size_t in_height, in_width, out_height, out_width;
  cardinal_window window;
} cardinal_shape;

typedef struct cardinal_kernel {
  const char *name;
  cardinal_isa isa;
  cardinal_form form;
  cardinal_operation operation;
  /* Why the kernel doesn't serve a shape, in a phrase ("the stride is not 1 or 2"); NULL if it does. Static. */
  const char *(*declines)(const cardinal_shape *shape);
  /* The function for the form; the others are NULL. */
  cardinal_conv1x1_kernel *conv1x1;
  cardinal_fc_kernel *fc;
  cardinal_conv_kernel *conv;
  cardinal_pool_kernel *pool;
  size_t tile_pixels, tile_blocks; /* conv1x1 and fc */
  size_t slot;                     /* conv: lanes a group, 0: any */
  const char *twin;                /* name of the portable kernel with the same bits */
} cardinal_kernel;

/* All kernels in order of preference. */
extern const cardinal_kernel cardinal_kernels[];
extern const size_t cardinal_kernel_count;

/* The kernel of that name, NULL if there is none. */
const cardinal_kernel *cardinal_kernel_find(const char *name);

/* Lanes that a group occupies in slot-aligned activations: 1 (depthwise), 4, 8 or 16 (then whole blocks). */
size_t cardinal_shape_slot(const cardinal_shape *shape);

/* What selection may use: features of a CPU (real or injected) and a cap. */
typedef struct cardinal_selector {
  cardinal_cpu_features features;
  cardinal_isa cap;
} cardinal_selector;

/* Why `kernel` isn't the one for `shape`: NULL if it serves, otherwise a static phrase. */
const char *cardinal_kernel_declines(const cardinal_kernel *kernel, const cardinal_selector *selector,
                                     const cardinal_shape *shape);

/* The first kernel that serves; never NULL for shapes that pass the operators' checks, since the portable kernels
 * serve all of those. */
const cardinal_kernel *cardinal_kernel_select(const cardinal_selector *selector, const cardinal_shape *shape);

#endif
