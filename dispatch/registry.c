/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/registry.h"

#include <string.h>

#include "dispatch/declines.h"

#define CARDINAL_CONV1X1(kernel, level, why, pixels, tile, portable)                                                   \
  {.name = #kernel,                                                                                                    \
   .isa = CARDINAL_ISA_##level,                                                                                        \
   .form = CARDINAL_FORM_CONV1X1,                                                                                      \
   .operation = CARDINAL_OPERATION_CONV,                                                                               \
   .declines = cardinal_##why,                                                                                         \
   .conv1x1 = cardinal_##kernel,                                                                                       \
   .tile_pixels = pixels,                                                                                              \
   .tile_blocks = tile,                                                                                                \
   .twin = #portable},
#define CARDINAL_FC(kernel, level, why, images, tile, portable)                                                        \
  {.name = #kernel,                                                                                                    \
   .isa = CARDINAL_ISA_##level,                                                                                        \
   .form = CARDINAL_FORM_FC,                                                                                           \
   .operation = CARDINAL_OPERATION_CONV,                                                                               \
   .declines = cardinal_##why,                                                                                         \
   .fc = cardinal_##kernel,                                                                                            \
   .tile_pixels = images,                                                                                              \
   .tile_blocks = tile,                                                                                                \
   .twin = #portable},
#define CARDINAL_CONV(kernel, level, why, lanes, portable)                                                             \
  {.name = #kernel,                                                                                                    \
   .isa = CARDINAL_ISA_##level,                                                                                        \
   .form = CARDINAL_FORM_CONV,                                                                                         \
   .operation = CARDINAL_OPERATION_CONV,                                                                               \
   .declines = cardinal_##why,                                                                                         \
   .conv = cardinal_##kernel,                                                                                          \
   .slot = lanes,                                                                                                      \
   .twin = #portable},
#define CARDINAL_POOL(kernel, level, why, portable)                                                                    \
  {.name = #kernel,                                                                                                    \
   .isa = CARDINAL_ISA_##level,                                                                                        \
   .form = CARDINAL_FORM_POOL,                                                                                         \
   .operation = CARDINAL_POOL_OPERATION_##why,                                                                         \
   .declines = cardinal_##why,                                                                                         \
   .pool = cardinal_##kernel,                                                                                          \
   .twin = #portable},
#define CARDINAL_POOL_OPERATION_declines_max_pool CARDINAL_OPERATION_MAX_POOL
#define CARDINAL_POOL_OPERATION_declines_max_pool_3x3s2 CARDINAL_OPERATION_MAX_POOL
#define CARDINAL_POOL_OPERATION_declines_average_pool CARDINAL_OPERATION_AVERAGE_POOL

const cardinal_kernel cardinal_kernels[] = {
#include "dispatch/kernels.def"
};
const size_t cardinal_kernel_count = sizeof cardinal_kernels / sizeof cardinal_kernels[0];

const cardinal_kernel *cardinal_kernel_find(const char *name) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i)
    if (strcmp(cardinal_kernels[i].name, name) == 0)
      return &cardinal_kernels[i];
  return NULL;
}

static const char *isa_missing(cardinal_isa isa) {
  switch (isa) {
  case CARDINAL_ISA_AVX512:
    return "this CPU or its operating system doesn't offer avx512";
  case CARDINAL_ISA_AVX2:
    return "this CPU or its operating system doesn't offer avx2 with fma";
  case CARDINAL_ISA_NEON:
    return "this CPU doesn't offer neon";
  default:
    return "this CPU doesn't offer the instruction set";
  }
}

const char *cardinal_kernel_declines(const cardinal_kernel *kernel, const cardinal_selector *selector,
                                     const cardinal_shape *shape) {
  if (kernel->operation != shape->operation)
    return "it is for another operation";
  if (!cardinal_isa_usable(kernel->isa, &selector->features))
    return isa_missing(kernel->isa);
  if (kernel->isa > selector->cap)
    return "its instruction set is above the cap";
  return kernel->declines(shape);
}

const cardinal_kernel *cardinal_kernel_select(const cardinal_selector *selector, const cardinal_shape *shape) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i)
    if (!cardinal_kernel_declines(&cardinal_kernels[i], selector, shape))
      return &cardinal_kernels[i];
  return NULL;
}
