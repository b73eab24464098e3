/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/registry.h"

#include <string.h>

#include "kernels/declines.h"

/* What the lines of all forms have in common. */
#define KERNEL(kernel, form_, operation_, format_, layout, isa_, features, why, portable)                              \
  .name = #kernel, .form = CARDINAL_FORM_##form_, .operation = CARDINAL_OPERATION_##operation_,                        \
  .format = CARDINAL_FORMAT_##format_, .x_layout = CARDINAL_LAYOUT_##layout, .isa = CARDINAL_ISA_##isa_,               \
  .needs = (features), .declines = cardinal_##why, .twin = #portable

#define CARDINAL_CONV1X1(kernel, format, layout, isa, needs, why, pixels, blocks, portable)                            \
  {KERNEL(kernel, CONV1X1, CONV, format, layout, isa, needs, why, portable), .conv1x1 = cardinal_##kernel,             \
   .tile_pixels = pixels, .tile_blocks = blocks},
#define CARDINAL_FC(kernel, format, layout, isa, needs, why, images, blocks, portable)                                 \
  {KERNEL(kernel, FC, CONV, format, layout, isa, needs, why, portable), .fc = cardinal_##kernel,                       \
   .tile_pixels = images, .tile_blocks = blocks},
#define CARDINAL_CONV(kernel, format, layout, isa, needs, why, lanes, portable)                                        \
  {KERNEL(kernel, CONV, CONV, format, layout, isa, needs, why, portable), .conv = cardinal_##kernel, .slot = lanes},
#define CARDINAL_POOL(kernel, operation, format, layout, isa, needs, why, portable)                                    \
  {KERNEL(kernel, POOL, operation, format, layout, isa, needs, why, portable), .pool = cardinal_##kernel},

const cardinal_kernel cardinal_kernels[] = {
#include "kernels/kernels.def"
};
const size_t cardinal_kernel_count = sizeof cardinal_kernels / sizeof cardinal_kernels[0];

const cardinal_kernel *cardinal_kernel_find(const char *name) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i)
    if (strcmp(cardinal_kernels[i].name, name) == 0)
      return &cardinal_kernels[i];
  return NULL;
}

const char *cardinal_kernel_declines_shape(const cardinal_kernel *kernel, const cardinal_shape *shape) {
  if (kernel->operation != shape->operation)
    return "it is for another operation";
  if (kernel->format != shape->format)
    return "it is for another number format";
  if (kernel->x_layout == CARDINAL_LAYOUT_NCHW && shape->x_layout != CARDINAL_LAYOUT_NCHW)
    return "the input is not NCHW";
  return kernel->declines(shape);
}

const char *cardinal_form_name(cardinal_form form) {
  static const char *const names[] = {"conv1x1", "fc", "conv", "pool"};
  return names[form];
}
