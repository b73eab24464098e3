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
  if (kernel->operation != shape->operation || kernel->format != shape->format)
    return cardinal_kernel_declines_shape(kernel, shape);
  const char *unusable = cardinal_kernel_unusable(kernel, selector);
  return unusable ? unusable : cardinal_kernel_declines_shape(kernel, shape);
}

const char *cardinal_basis_name(cardinal_basis basis) {
  static const char *const names[] = {
      [CARDINAL_BASIS_ORDER] = "order",
      [CARDINAL_BASIS_BUILT_IN] = "built-in",
      [CARDINAL_BASIS_MEASURED] = "measured",
  };
  return names[basis];
}

/* The kernel if it serves, else NULL. */
static const cardinal_kernel *serving(const cardinal_kernel *kernel, const cardinal_selector *selector,
                                      const cardinal_shape *shape) {
  return kernel && !cardinal_kernel_declines(kernel, selector, shape) ? kernel : NULL;
}

static const cardinal_kernel *first_built_in(const cardinal_selector *selector, const cardinal_shape *shape) {
  const cardinal_cpu_family *family =
      selector->evidence ? cardinal_evidence_family(selector->evidence, &selector->features) : NULL;
  const cardinal_kernel *found = NULL;
  for (size_t i = 0; family && !found && i < family->preference_count; ++i)
    if (cardinal_preference_covers(&family->preferences[i], shape))
      found = serving(cardinal_kernel_find(family->preferences[i].kernel), selector, shape);
  return found;
}

static const cardinal_kernel *first_of_registry(const cardinal_selector *selector, const cardinal_shape *shape) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i)
    if (serving(&cardinal_kernels[i], selector, shape))
      return &cardinal_kernels[i];
  return NULL;
}

const cardinal_kernel *cardinal_kernel_choose(const cardinal_selector *selector, const cardinal_shape *shape,
                                              cardinal_basis *basis) {
  cardinal_basis found = CARDINAL_BASIS_MEASURED;
  const cardinal_kernel *kernel =
      serving(cardinal_tuning_find(selector->tuned, selector->tuned_count, shape), selector, shape);
  if (!kernel) {
    found = CARDINAL_BASIS_BUILT_IN;
    kernel = first_built_in(selector, shape);
  }
  if (!kernel) {
    found = CARDINAL_BASIS_ORDER;
    kernel = first_of_registry(selector, shape);
  }
  if (basis)
    *basis = found;
  return kernel;
}

const cardinal_kernel *cardinal_kernel_select(const cardinal_selector *selector, const cardinal_shape *shape) {
  return cardinal_kernel_choose(selector, shape, NULL);
}

cardinal_move_kernel *cardinal_move_select(const cardinal_selector *selector, cardinal_format from,
                                           cardinal_format to) {
  const cardinal_mover *mover = cardinal_movers;
  while (mover->from != from || mover->to != to || unusable(mover->isa, mover->needs, selector))
    ++mover;
  return mover->move;
}

cardinal_copy_kernel *cardinal_copy_select(const cardinal_selector *selector) {
  const cardinal_copier *copier = cardinal_copiers;
  while (unusable(copier->isa, copier->needs, selector))
    ++copier;
  return copier->copy;
}
