/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "bench/cpu_name.h"

static void expect(const char *cpu, const char *cpu_id, const char *expected) {
  char name[64];
  bench_cpu_name(cpu, cpu_id, name, sizeof name);
  cr_expect_str_eq(name, expected, "%s, %s: %s", cpu, cpu_id, name);
}

Test(cpu_name, says_the_design_of_known_ones) {
  expect("AMD EPYC", "AuthenticAMD 25/17/1", "AMD EPYC (Zen 4)");
  expect("AMD EPYC", "AuthenticAMD 25/1/1", "AMD EPYC (Zen 3)");
  expect("AMD EPYC", "AuthenticAMD 25/32/0", "AMD EPYC (Zen 3)");
  expect("AMD EPYC", "AuthenticAMD 25/97/2", "AMD EPYC (Zen 4)");
  expect("AMD EPYC", "AuthenticAMD 26/2/1", "AMD EPYC (Zen 5)");
  expect("vendor 0x41 family 0 model 0xd40", "0x41 0/3392/1", "vendor 0x41 family 0 model 0xd40 (Neoverse V1)");
}

Test(cpu_name, leaves_others_as_they_are) {
  expect("Intel Xeon Processor (Sapphire Rapids)", "GenuineIntel 6/143/8", "Intel Xeon Processor (Sapphire Rapids)");
  expect("AMD EPYC", "AuthenticAMD 25/176/1", "AMD EPYC");
  expect("AMD EPYC", "GenuineIntel 25/17/1", "AMD EPYC");
  expect("CPU A", "V 25/17/1", "CPU A");
  expect("CPU A", "", "CPU A");
  expect("CPU A", "AuthenticAMD", "CPU A");
}

Test(cpu_name, is_cut_where_there_is_no_room) {
  char name[8];
  bench_cpu_name("AMD EPYC", "AuthenticAMD 25/17/1", name, sizeof name);
  cr_expect_str_eq(name, "AMD EPY");
}
