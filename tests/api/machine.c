/* SPDX-License-Identifier: BSD-3-Clause */
/* The public view of the machine and of the kernels on it. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cardinal/cardinal.h>

static cardinal_machine machine(void) {
  cardinal_machine m = {.struct_size = sizeof m};
  cardinal_error error;
  cr_assert_eq(cardinal_machine_get(&m, &error), CARDINAL_OK, "%s", error.message);
  return m;
}

Test(machine, makes_sense) {
  const cardinal_machine m = machine();
  cr_expect_eq(m.struct_size, (uint32_t)sizeof m);
  cr_expect_eq(m.features_enabled & ~m.features_present, 0u);
  cr_expect(m.cores >= 1 && m.cpus >= m.cores && m.packages >= 1 && m.numa_nodes >= 1);
  cr_expect(m.allowed_cores >= 1 && m.allowed_cores <= m.cores);
  cr_expect(m.allowed_cpus >= m.allowed_cores && m.allowed_cpus <= m.cpus);
  cr_expect(m.l1d_bytes > 0 && m.l1d_cores > 0 && m.l2_bytes > 0 && m.l2_cores > 0);
  cr_expect_eq(m.l3_bytes > 0, m.l3_cores > 0);
  cr_expect(m.cpu_quota >= 0);
  cr_expect(strcmp(m.topology_source, "hwloc") == 0 || strcmp(m.topology_source, "sysfs") == 0 ||
            strcmp(m.topology_source, "defaults") == 0);
  cr_expect(m.isas & 1u << CARDINAL_ISA_GENERIC);
  cr_expect(m.isas & 1u << m.best_isa);
}

Test(machine, is_what_a_context_sees) {
  const cardinal_machine m = machine();
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    cardinal_context *context;
    desc.isa = cardinal_isa_name((cardinal_isa)isa);
    const bool made = cardinal_context_create(&desc, &context, NULL) == CARDINAL_OK;
    cr_expect_eq(made, (m.isas & 1u << isa) != 0, "%s", desc.isa);
    if (made)
      cardinal_context_destroy(context);
  }
  cardinal_context *context;
  desc.isa = NULL;
  desc.without = "avx,neon";
  cr_assert_eq(cardinal_context_create(&desc, &context, NULL), CARDINAL_OK);
  cr_expect_eq(cardinal_context_features(context),
               m.features_enabled & ~(uint64_t)(CARDINAL_CPU_AVX | CARDINAL_CPU_NEON));
  cardinal_context_destroy(context);
}

/* No more is written than the caller's struct has, and no less is told than it has room for. */
Test(machine, keeps_to_the_size) {
  const cardinal_machine whole = machine();
  const uint32_t least = offsetof(cardinal_machine, cpu_quota) + sizeof(double);
  for (uint32_t size = least; size <= sizeof(cardinal_machine) + 64; size += 8) {
    unsigned char bytes[sizeof(cardinal_machine) + 128];
    memset(bytes, 0xA5, sizeof bytes);
    memcpy(bytes, &size, sizeof size);
    cr_assert_eq(cardinal_machine_get((cardinal_machine *)(void *)bytes, NULL), CARDINAL_OK);
    cr_expect_eq(memcmp(bytes + sizeof size, (const char *)&whole + sizeof size, least - sizeof size), 0);
    for (size_t i = sizeof whole; i < sizeof bytes; ++i)
      cr_assert_eq(bytes[i], i < size ? 0 : 0xA5, "size %u: byte %zu is %#x", size, i, bytes[i]);
  }
  cardinal_machine m = {.struct_size = least - 1};
  cardinal_error error;
  cr_expect_eq(cardinal_machine_get(&m, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "struct_size"), "%s", error.message);
  cr_expect_eq(m.cores, 0u);
  cr_expect_eq(cardinal_machine_get(NULL, &error), CARDINAL_INVALID_ARGUMENT);
}

typedef struct seen {
  size_t kernels, usable, portable;
  uint64_t features;
  cardinal_isa cap;
} seen;

static void see(void *user, const cardinal_kernel_info *kernel) {
  seen *s = user;
  ++s->kernels;
  cr_expect(kernel->struct_size == sizeof *kernel && strstr(kernel->name, kernel->format) && kernel->twin);
  cr_expect_eq(!kernel->unusable, !(kernel->needs & ~s->features) && kernel->isa <= s->cap, "%s: %s", kernel->name,
               kernel->unusable ? kernel->unusable : "usable");
  s->usable += !kernel->unusable;
  s->portable += strcmp(kernel->name, kernel->twin) == 0;
}

Test(machine, kernels) {
  size_t last = SIZE_MAX;
  for (int round = 0; round < 2; ++round) { /* all features, then without the one that every SIMD kernel needs */
    cardinal_context_desc desc;
    cardinal_context_desc_init(&desc);
    desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
    desc.without = round ? "avx,neon" : NULL;
    cardinal_context *context;
    cr_assert_eq(cardinal_context_create(&desc, &context, NULL), CARDINAL_OK);
    seen s = {.features = cardinal_context_features(context), .cap = cardinal_context_isa(context)};
    cardinal_context_kernels(context, see, &s);
    cr_expect(s.portable >= 10 && s.usable >= s.portable && s.usable <= s.kernels && s.usable <= last);
    cr_expect(!round || s.usable == s.portable);
    last = s.usable;
    cardinal_context_destroy(context);
  }
}
