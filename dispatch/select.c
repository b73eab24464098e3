/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/select.h"

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

/* Why something of that ISA with those needs can't be used: NULL if it can. */
static const char *unusable(cardinal_isa isa, uint32_t needs, const cardinal_selector *selector) {
  const uint32_t missing = needs & ~selector->features.enabled;
  if (missing & cardinal_isa_needs(isa))
    return isa_missing(isa);
  if (missing)
    return cardinal_cpu_feature_missing(missing);
  if (needs & selector->without)
    return "a CPU feature that it needs was taken away";
  if (isa > selector->cap)
    return "its instruction set is above the cap";
  return NULL;
}

const char *cardinal_kernel_unusable(const cardinal_kernel *kernel, const cardinal_selector *selector) {
  const char *reason = unusable(kernel->isa, kernel->needs, selector);
  if (reason)
    return reason;
  if (selector->only && selector->only != kernel)
    return "another kernel is asked for by name";
  return NULL;
}

const char *cardinal_kernel_declines(const cardinal_kernel *kernel, const cardinal_selector *selector,
                                     const cardinal_shape *shape) {
  if (kernel->operation != shape->operation)
    return "it is for another operation";
  const char *unusable = cardinal_kernel_unusable(kernel, selector);
  return unusable ? unusable : cardinal_kernel_declines_shape(kernel, shape);
}

const cardinal_kernel *cardinal_kernel_select(const cardinal_selector *selector, const cardinal_shape *shape) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i)
    if (!cardinal_kernel_declines(&cardinal_kernels[i], selector, shape))
      return &cardinal_kernels[i];
  return NULL;
}

cardinal_move_kernel *cardinal_move_select(const cardinal_selector *selector) {
  size_t i = 0;
  while (unusable(cardinal_movers[i].isa, cardinal_movers[i].needs, selector))
    ++i;
  return cardinal_movers[i].move;
}
