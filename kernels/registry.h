/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry: what each kernel is, what it needs and which shapes it serves. */
#ifndef CARDINAL_KERNELS_REGISTRY_H
#define CARDINAL_KERNELS_REGISTRY_H

#include <stdint.h>

#include "kernels/features.h"
#include "kernels/kernel.h"
#include "kernels/shape.h"

/* How a kernel is called, and so which driver in ops/ runs it. */
typedef enum cardinal_form {
  CARDINAL_FORM_CONV1X1,
  CARDINAL_FORM_FC,
  CARDINAL_FORM_CONV,
  CARDINAL_FORM_POOL
} cardinal_form;

typedef struct cardinal_kernel {
  const char *name;
  cardinal_form form;
  cardinal_operation operation;
  cardinal_format format;
  cardinal_layout x_layout; /* that it reads: NCHW, or BLOCKED16, to which operators convert the others */
  cardinal_isa isa;         /* the cap from which on it may be used */
  uint32_t needs;           /* CARDINAL_CPU_... bits, all of them */
  /* Why the kernel doesn't serve a shape of its operation, format and layout, in a phrase ("the window is not 3x3");
   * NULL if it does. Static. */
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

/* Why a kernel doesn't serve a shape, whatever the CPU: NULL if it does, otherwise a static phrase. */
const char *cardinal_kernel_declines_shape(const cardinal_kernel *kernel, const cardinal_shape *shape);

/* "conv1x1", "fc", "conv", "pool". */
const char *cardinal_form_name(cardinal_form form);

#endif
