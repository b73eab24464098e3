/* SPDX-License-Identifier: BSD-3-Clause */
/* The public view of the machine, and of the kernels on it. */
#include <stdbool.h>
#include <stdio.h>

#include "dispatch/detect.h"
#include "ops/abi.h"
#include "ops/context.h"
#include "ops/error.h"

/* Never to be changed: the size of the first release, which ended with cpu_quota. */
enum {
  CARDINAL_MACHINE_LEAST = 208
};
_Static_assert(offsetof(cardinal_machine, cpu_quota) + sizeof(double) == CARDINAL_MACHINE_LEAST,
               "cardinal_machine's fields have moved");
_Static_assert(offsetof(cardinal_machine, features_present) == 8 && offsetof(cardinal_machine, brand) == 40 &&
                   offsetof(cardinal_machine, l1d_bytes) == 176,
               "cardinal_machine's fields have moved");

static uint32_t usable_isas(const cardinal_cpu_features *cpu) {
  uint32_t isas = 0;
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    isas |= cardinal_isa_usable((cardinal_isa)isa, cpu) ? 1u << isa : 0;
  return isas;
}

cardinal_status cardinal_machine_get(cardinal_machine *machine, cardinal_error *error) {
  static const char function[] = "cardinal_machine_get";
  if (!machine)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: 'machine' is NULL", function);
  if (machine->struct_size < CARDINAL_MACHINE_LEAST)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: struct_size is %u, expected at least %d", function,
                         machine->struct_size, CARDINAL_MACHINE_LEAST);
  cardinal_cpu_features cpu;
  cardinal_topology t;
  cardinal_cpu_detect(&cpu);
  cardinal_topology_detect(&t);
  cardinal_machine found = {
      .prefers_512 = cpu.prefers_512,
      .features_present = cpu.present,
      .features_enabled = cpu.enabled,
      .family = cpu.family,
      .model = cpu.model,
      .stepping = cpu.stepping,
      .isas = usable_isas(&cpu),
      .best_isa = cardinal_isa_best(&cpu),
      .packages = t.packages,
      .cores = t.cores,
      .cpus = t.cpus,
      .numa_nodes = t.numa_nodes,
      .allowed_cores = t.allowed_cores,
      .allowed_cpus = t.allowed_cpus,
      .l1d_cores = t.l1d_cores,
      .l2_cores = t.l2_cores,
      .l3_cores = t.l3_cores,
      .l1d_bytes = t.l1d_bytes,
      .l2_bytes = t.l2_bytes,
      .l3_bytes = t.l3_bytes,
      .cpu_quota = t.cpu_quota,
  };
  snprintf(found.vendor, sizeof found.vendor, "%s", cpu.vendor);
  snprintf(found.brand, sizeof found.brand, "%s", cpu.brand);
  snprintf(found.topology_source, sizeof found.topology_source, "%s", t.source);
  cardinal_struct_give(machine, machine->struct_size, &found, sizeof found);
  return CARDINAL_OK;
}

uint64_t cardinal_context_features(const cardinal_context *context) {
  return context->selector.features.enabled & ~context->selector.without;
}

void cardinal_context_kernels(const cardinal_context *context, cardinal_kernel_visit visit, void *user) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *k = &cardinal_kernels[i];
    const cardinal_kernel_info info = {
        .struct_size = sizeof info,
        .isa = k->isa,
        .needs = k->needs,
        .name = k->name,
        .twin = k->twin,
        .form = cardinal_form_name(k->form),
        .format = cardinal_format_name(k->format),
        .unusable = cardinal_kernel_unusable(k, &context->selector),
        .x_layout = k->x_layout,
        .slot = (uint32_t)k->slot,
        .tile_pixels = (uint32_t)k->tile_pixels,
        .tile_blocks = (uint32_t)k->tile_blocks,
    };
    visit(user, &info);
  }
}
