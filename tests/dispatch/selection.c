/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry as such. */
#include <criterion/criterion.h>
#include <string.h>

#include "dispatch/registry.h"

Test(registry, names_are_unique_and_twins_are_portable) {
  cr_assert(cardinal_kernel_count > 0);
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    cr_expect_eq(cardinal_kernel_find(kernel->name), kernel, "%s is registered twice", kernel->name);
    const cardinal_kernel *twin = cardinal_kernel_find(kernel->twin);
    cr_assert_not_null(twin, "%s has no twin %s", kernel->name, kernel->twin);
    cr_expect_eq(twin->isa, CARDINAL_ISA_GENERIC, "%s, the twin of %s, is not portable", twin->name, kernel->name);
    cr_expect_eq(twin->form, kernel->form, "%s, the twin of %s, has another form", twin->name, kernel->name);
    cr_expect(strstr(kernel->name, cardinal_isa_name(kernel->isa)), "%s doesn't name its ISA", kernel->name);
  }
}
