/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/dispatch/cpus.h"

#include <criterion/criterion.h>
#include <string.h>

#define INTEL(max)                                                                                                     \
  { max, 0x756E6547, 0x6C65746E, 0x49656E69 }
#define AMD(max)                                                                                                       \
  { max, 0x68747541, 0x444D4163, 0x69746E65 }

/* Leaf 1 as EAX, EBX, ECX, EDX; of leaf 7 EAX (its last subleaf), EBX and the bit of VNNI in ECX matter, of its subleaf
 * 1 the bits of AVX-VNNI and BF16 in EAX. */
static const struct {
  const char *name;
  cardinal_cpuid_leaves leaves;
} x86_cpus[] = {
    {"penryn", {.leaf0 = INTEL(0x0A), .leaf1 = {0x00010676, 0, 0x0008E3FD, 0xBFEBFBFF}}},
    {"sandy-bridge", {.leaf0 = INTEL(0x0D), .leaf1 = {0x000206A7, 0, 0x1FBAE3BF, 0xBFEBFBFF}, .xcr0 = 0x07}},
    {"haswell",
     {.leaf0 = INTEL(0x0D),
      .leaf1 = {0x000306C3, 0, 0x7FFAFBBF, 0xBFEBFBFF},
      .leaf7 = {0, 0x000027AB, 0, 0},
      .xcr0 = 0x07}},
    {"knights-landing",
     {.leaf0 = INTEL(0x0D),
      .leaf1 = {0x00050671, 0, 0x7FF8F39F, 0xBFEBFBFF},
      .leaf7 = {0, 0x1C0D23AB, 0, 0},
      .xcr0 = 0xE7}},
    {"skylake-x",
     {.leaf0 = INTEL(0x16),
      .leaf1 = {0x00050654, 0, 0x7FFEFBFF, 0xBFEBFBFF},
      .leaf7 = {0, 0xD39FFFFB, 0, 0},
      .xcr0 = 0x2E7}},
    {"cascade-lake",
     {.leaf0 = INTEL(0x16),
      .leaf1 = {0x00050657, 0, 0x7FFEFBFF, 0xBFEBFBFF},
      .leaf7 = {0, 0xD39FFFFB, 0x0800, 0},
      .xcr0 = 0x2E7}},
    {"cooper-lake",
     {.leaf0 = INTEL(0x16),
      .leaf1 = {0x0005065B, 0, 0x7FFEFBFF, 0xBFEBFBFF},
      .leaf7 = {1, 0xD39FFFFB, 0x0800, 0},
      .leaf7_1 = {0x20, 0, 0, 0},
      .xcr0 = 0x2E7}},
    {"cannon-lake",
     {.leaf0 = INTEL(0x16),
      .leaf1 = {0x00060663, 0, 0x7FFAFBBF, 0xBFEBFBFF},
      .leaf7 = {0, 0xF2BF67EB, 0, 0},
      .xcr0 = 0xE7}},
    {"ice-lake",
     {.leaf0 = INTEL(0x1B),
      .leaf1 = {0x000706E5, 0, 0x7FFAFBBF, 0xBFEBFBFF},
      .leaf7 = {0, 0xF2BF27EB, 0x0800, 0},
      .xcr0 = 0x2E7}},
    {"alder-lake",
     {.leaf0 = INTEL(0x20),
      .leaf1 = {0x00090672, 0, 0x7FFAFBFF, 0xBFEBFBFF},
      .leaf7 = {1, 0x239C27EB, 0, 0},
      .leaf7_1 = {0x10, 0, 0, 0},
      .xcr0 = 0x207}},
    {"piledriver", {.leaf0 = AMD(0x0D), .leaf1 = {0x00600F20, 0, 0x3E98320B, 0x178BFBFF}, .xcr0 = 0x07}},
    {"zen3",
     {.leaf0 = AMD(0x10),
      .leaf1 = {0x00A20F10, 0, 0x7EF8320B, 0x178BFBFF},
      .leaf7 = {0, 0x219C97A9, 0, 0},
      .xcr0 = 0x207}},
    {"zen4",
     {.leaf0 = AMD(0x10),
      .leaf1 = {0x00A60F12, 0, 0x7EF8320B, 0x178BFBFF},
      .leaf7 = {1, 0xF1BF97A9, 0x0800, 0},
      .leaf7_1 = {0x20, 0, 0, 0},
      .xcr0 = 0x2E7}},
};

const cardinal_cpuid_leaves *cpus_leaves(const char *name) {
  for (size_t i = 0; i < sizeof x86_cpus / sizeof x86_cpus[0]; ++i)
    if (strcmp(x86_cpus[i].name, name) == 0)
      return &x86_cpus[i].leaves;
  return NULL;
}

void cpus_features(const char *name, cardinal_cpu_features *features) {
  const cardinal_cpuid_leaves *leaves = cpus_leaves(name);
  if (leaves) {
    cardinal_cpu_decode(leaves, features);
    return;
  }
  *features = (cardinal_cpu_features){0};
  if (strcmp(name, "cortex-a53") == 0) {
    cardinal_cpu_decode_arm(UINT64_C(0x8FF), 0, features);
    features->model = 0xD03;
  } else if (strcmp(name, "neoverse-v1") == 0) {
    cardinal_cpu_decode_arm(UINT64_C(0xFFFFFFFF), UINT64_C(0x6F4FF), features);
    features->model = 0xD40;
  } else {
    cr_assert(strcmp(name, "armv8-without-simd") == 0 || strcmp(name, "unknown") == 0, "there is no CPU '%s'", name);
    return;
  }
  strcpy(features->vendor, "0x41");
}
