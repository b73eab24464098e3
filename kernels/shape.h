/* SPDX-License-Identifier: BSD-3-Clause */
/* What is to be computed, as the choice of a kernel sees it. */
#ifndef CARDINAL_KERNELS_SHAPE_H
#define CARDINAL_KERNELS_SHAPE_H

#include <stddef.h>

#include <cardinal/cardinal.h>

#include "kernels/window.h"

typedef enum cardinal_operation {
  CARDINAL_OPERATION_CONV,
  CARDINAL_OPERATION_MAX_POOL,
  CARDINAL_OPERATION_AVERAGE_POOL
} cardinal_operation;

/* An operator's shape. For pools, channels count as groups of one. */
typedef struct cardinal_shape {
  cardinal_operation operation;
  cardinal_format format;   /* of the products; x has the same as the kernel sees it */
  cardinal_layout x_layout; /* the caller's */
  size_t batch, groups;
  size_t in_per_group, out_per_group; /* channels */
  size_t in_height, in_width, out_height, out_width;
  cardinal_window window;
} cardinal_shape;

/* Lanes that a group occupies in slot-aligned activations: 1 (depthwise), 4, 8 or 16 (then whole blocks). */
size_t cardinal_shape_slot(const cardinal_shape *shape);

#endif
