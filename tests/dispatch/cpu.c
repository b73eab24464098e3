/* SPDX-License-Identifier: BSD-3-Clause */
/* From CPUID's answers to features, for CPUs and operating systems that aren't here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dispatch/cpus.h"

static const uint32_t sse2 = CARDINAL_CPU_SSE2, avx = CARDINAL_CPU_AVX;
static const uint32_t avx2 = CARDINAL_CPU_AVX | CARDINAL_CPU_FMA | CARDINAL_CPU_AVX2;
static const uint32_t avx512 =
    CARDINAL_CPU_AVX512F | CARDINAL_CPU_AVX512BW | CARDINAL_CPU_AVX512DQ | CARDINAL_CPU_AVX512VL;

static const uint32_t vnni = CARDINAL_CPU_AVX512_VNNI, bf16 = CARDINAL_CPU_AVX512_BF16;

static void expect(const char *cpu, uint32_t present, uint32_t enabled) {
  cardinal_cpu_features f;
  cpus_features(cpu, &f);
  cr_expect_eq(f.present, present, "%s: present features are %#x, expected %#x", cpu, f.present, present);
  cr_expect_eq(f.enabled, enabled, "%s: enabled features are %#x, expected %#x", cpu, f.enabled, enabled);
}

Test(cpu, features_of_real_cpus) {
  expect("skylake-x", sse2 | avx2 | avx512, sse2 | avx2 | avx512);
  expect("cascade-lake", sse2 | avx2 | avx512 | vnni, sse2 | avx2 | avx512 | vnni);
  expect("cooper-lake", sse2 | avx2 | avx512 | vnni | bf16, sse2 | avx2 | avx512 | vnni | bf16);
  expect("ice-lake", sse2 | avx2 | avx512 | vnni, sse2 | avx2 | avx512 | vnni);
  expect("zen4", sse2 | avx2 | avx512 | vnni | bf16, sse2 | avx2 | avx512 | vnni | bf16);
  expect("knights-landing", sse2 | avx2 | CARDINAL_CPU_AVX512F, sse2 | avx2 | CARDINAL_CPU_AVX512F);
  expect("alder-lake", sse2 | avx2 | CARDINAL_CPU_AVX_VNNI, sse2 | avx2 | CARDINAL_CPU_AVX_VNNI);
  expect("haswell", sse2 | avx2, sse2 | avx2);
  expect("zen3", sse2 | avx2, sse2 | avx2);
  expect("piledriver", sse2 | avx | CARDINAL_CPU_FMA, sse2 | avx | CARDINAL_CPU_FMA);
  expect("sandy-bridge", sse2 | avx, sse2 | avx);
  expect("penryn", sse2, sse2);
  const uint32_t arm = CARDINAL_CPU_NEON | CARDINAL_CPU_DOTPROD | CARDINAL_CPU_I8MM | CARDINAL_CPU_BF16;
  expect("cortex-a53", CARDINAL_CPU_NEON, CARDINAL_CPU_NEON);
  expect("neoverse-v1", arm, arm);
}

/* Each of Arm's features has a bit of its own. */
Test(cpu, features_of_arm) {
  static const struct {
    uint64_t hwcap, hwcap2;
    uint32_t feature;
  } cases[] = {{1u << 1, 0, CARDINAL_CPU_NEON},
               {1u << 20, 0, CARDINAL_CPU_DOTPROD},
               {0, 1u << 13, CARDINAL_CPU_I8MM},
               {0, 1u << 14, CARDINAL_CPU_BF16},
               {UINT64_MAX & ~(UINT64_C(1) << 1 | UINT64_C(1) << 20), 0, 0},
               {0, UINT64_MAX & ~(UINT64_C(3) << 13), 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    cardinal_cpu_features f;
    cardinal_cpu_decode_arm(cases[i].hwcap, cases[i].hwcap2, &f);
    cr_expect(f.present == cases[i].feature && f.enabled == cases[i].feature, "case %zu: %#x", i, f.present);
  }
}

static void expect_parsed(const char *list, uint32_t expected) {
  uint32_t features = 0;
  size_t length;
  const char *unknown = cardinal_cpu_features_parse(list, &features, &length);
  cr_expect(!unknown && features == expected, "\"%s\" is %#x, expected %#x%s%s", list, features, expected,
            unknown ? "; unknown: " : "", unknown ? unknown : "");
}

static void expect_unknown(const char *list, const char *expected) {
  uint32_t features = 77;
  size_t length;
  const char *unknown = cardinal_cpu_features_parse(list, &features, &length);
  cr_expect(unknown && length == strlen(expected) && memcmp(unknown, expected, length) == 0, "\"%s\" was taken", list);
  cr_expect_eq(features, 77u);
}

Test(cpu, names_of_features_are_read) {
  char known[256];
  cardinal_cpu_features_known(known, sizeof known);
  for (uint32_t bit = 1; bit; bit <<= 1)
    if (cardinal_cpu_feature_name(bit)) {
      if (bit != CARDINAL_CPU_BF16)
        expect_parsed(cardinal_cpu_feature_name(bit), bit);
      cr_expect(strstr(known, cardinal_cpu_feature_name(bit)), "%s isn't among the known",
                cardinal_cpu_feature_name(bit));
    }
  expect_parsed("vnni", CARDINAL_CPU_AVX512_VNNI | CARDINAL_CPU_AVX_VNNI);
  expect_parsed("bf16", CARDINAL_CPU_AVX512_BF16 | CARDINAL_CPU_BF16);
  expect_parsed(known, UINT32_C(0x7FFF));
  expect_parsed(" fma , avx512_vnni ", CARDINAL_CPU_FMA | CARDINAL_CPU_AVX512_VNNI);
  expect_unknown("fma,avx513f,avx", "avx513f");
  expect_unknown("AVX", "AVX");
  expect_unknown("avx512", "avx512");
  expect_unknown("fma,", "");
  expect_unknown(",fma", "");
  expect_unknown("fma avx", "fma avx");
  expect_unknown("", "");
}

Test(cpu, family_model_and_names) {
  static const struct {
    const char *cpu, *vendor;
    uint32_t family, model, stepping;
  } expected[] = {{"skylake-x", "GenuineIntel", 6, 85, 4}, {"ice-lake", "GenuineIntel", 6, 126, 5},
                  {"haswell", "GenuineIntel", 6, 60, 3},   {"zen3", "AuthenticAMD", 25, 33, 0},
                  {"zen4", "AuthenticAMD", 25, 97, 2},     {"penryn", "GenuineIntel", 6, 23, 6},
                  {"piledriver", "AuthenticAMD", 21, 2, 0}};
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; ++i) {
    cardinal_cpu_features f;
    cpus_features(expected[i].cpu, &f);
    cr_expect_str_eq(f.vendor, expected[i].vendor);
    cr_expect(f.family == expected[i].family && f.model == expected[i].model && f.stepping == expected[i].stepping,
              "%s is family %u, model %u, stepping %u", expected[i].cpu, f.family, f.model, f.stepping);
  }
}

Test(cpu, brand_loses_leading_spaces_and_is_terminated) {
  cardinal_cpuid_leaves leaves = *cpus_leaves("haswell");
  char brand[sizeof leaves.brand];
  memset(brand, 'x', sizeof brand); /* a CPU that fills all 48 bytes */
  memcpy(brand, "      Intel", strlen("      Intel"));
  memcpy(leaves.brand, brand, sizeof brand);
  cardinal_cpu_features f;
  cardinal_cpu_decode(&leaves, &f);
  cr_expect_eq(strlen(f.brand), sizeof brand - 6);
  cr_expect_eq(strncmp(f.brand, "Intelxxx", 8), 0, "the brand is '%s'", f.brand);
}

/* What the OS doesn't save can't be used, whatever the CPU has. */
Test(cpu, state_that_the_os_saves) {
  static const struct {
    const char *what;
    uint32_t xcr0;
    bool osxsave, ymm, zmm;
  } cases[] = {{"everything", 0xE7, true, true, true},
               {"everything and protection keys", 0x2E7, true, true, true},
               {"YMM but no ZMM state", 0x07, true, true, false},
               {"no YMM state", 0x03, true, false, false},
               {"x87 state only", 0x01, true, false, false},
               {"YMM and masks", 0x27, true, true, false},
               {"YMM, masks and the lower ZMM registers", 0x67, true, true, false},
               {"YMM and the upper ZMM registers", 0x87, true, true, false},
               {"ZMM state without masks", 0xC7, true, true, false},
               {"AVX state without SSE state", 0xE5, true, false, false},
               {"no OSXSAVE, XCR0 unreadable", 0xE7, false, false, false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    cardinal_cpuid_leaves leaves = *cpus_leaves("cooper-lake");
    leaves.leaf7_1.eax |= 0x10; /* and AVX-VNNI */
    leaves.xcr0 = cases[i].xcr0;
    if (!cases[i].osxsave)
      leaves.leaf1.ecx &= ~(1u << 27);
    cardinal_cpu_features f;
    cardinal_cpu_decode(&leaves, &f);
    const uint32_t ymm = avx2 | CARDINAL_CPU_AVX_VNNI, zmm = avx512 | vnni | bf16;
    const uint32_t enabled = sse2 | (cases[i].ymm ? ymm : 0) | (cases[i].zmm ? zmm : 0);
    cr_expect_eq(f.present, sse2 | ymm | zmm, "%s: present %#x", cases[i].what, f.present);
    cr_expect_eq(f.enabled, enabled, "%s: enabled %#x, expected %#x", cases[i].what, f.enabled, enabled);
  }
}

Test(cpu, leaf_7_counts_only_where_it_exists) {
  cardinal_cpuid_leaves leaves = *cpus_leaves("haswell");
  leaves.leaf0.eax = 6;
  cardinal_cpu_features f;
  cardinal_cpu_decode(&leaves, &f);
  cr_expect_eq(f.present & CARDINAL_CPU_AVX2, 0u);
  leaves.leaf0.eax = 0;
  cardinal_cpu_decode(&leaves, &f);
  cr_expect_eq(f.present, 0u);
  leaves = *cpus_leaves("zen4");
  leaves.leaf0.eax = 6;
  cardinal_cpu_decode(&leaves, &f);
  cr_expect_eq(f.present & (vnni | bf16), 0u);
  leaves = *cpus_leaves("zen4");
  leaves.leaf7.eax = 0; /* no subleaf 1 */
  cardinal_cpu_decode(&leaves, &f);
  cr_expect_eq(f.present & (vnni | bf16), vnni);
}

/* Every feature of a bundle is needed. */
Test(cpu, an_isa_needs_its_whole_bundle) {
  for (int isa = CARDINAL_ISA_GENERIC; isa < CARDINAL_ISA_COUNT; ++isa) {
    const uint32_t needs = cardinal_isa_needs((cardinal_isa)isa);
    cardinal_cpu_features f = {.present = needs, .enabled = needs};
    const bool built = cardinal_isa_usable((cardinal_isa)isa, &f);
    cr_expect(built || isa != CARDINAL_ISA_GENERIC);
    for (uint32_t bit = 1; bit; bit <<= 1) {
      f.enabled = needs & ~bit;
      const bool usable = cardinal_isa_usable((cardinal_isa)isa, &f);
      cr_expect_eq(usable, built && !(needs & bit), "%s without bit %#x (%s)", cardinal_isa_name((cardinal_isa)isa),
                   bit, cardinal_cpu_feature_name(bit) ? cardinal_cpu_feature_name(bit) : "no feature");
      if (needs & bit)
        cr_expect_not_null(cardinal_cpu_feature_name(bit), "the feature %#x has no name", bit);
    }
  }
  cr_expect_null(cardinal_isa_name(CARDINAL_ISA_COUNT));
  cr_expect_null(cardinal_cpu_feature_name(0));
  cr_expect_null(cardinal_cpu_feature_name(3));
}

Test(cpu, preference_for_512_bits) {
  static const struct {
    const char *cpu;
    bool prefers;
  } cases[] = {{"skylake-x", true}, {"cascade-lake", true}, {"ice-lake", true}, {"zen4", true}, {"cannon-lake", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    cardinal_cpu_features f;
    cpus_features(cases[i].cpu, &f);
    cr_expect_eq(f.prefers_512, cases[i].prefers, "%s", cases[i].cpu);
#if defined(CARDINAL_HAVE_AVX512)
    cr_expect(cardinal_isa_usable(CARDINAL_ISA_AVX512, &f), "%s can", cases[i].cpu);
    cr_expect_eq(cardinal_isa_best(&f), cases[i].prefers ? CARDINAL_ISA_AVX512 : CARDINAL_ISA_AVX2, "%s", cases[i].cpu);
#endif
  }
}

/* On the machine at hand, the compiler's own detection must agree. */
Test(cpu, detection_of_this_machine) {
  cardinal_cpu_features f;
  cardinal_cpu_detect(&f);
  cr_expect_eq(f.enabled & ~f.present, 0u);
#if defined(__x86_64__)
  __builtin_cpu_init();
  cr_expect_eq(!!(f.enabled & CARDINAL_CPU_AVX2), !!__builtin_cpu_supports("avx2"));
  cr_expect_eq(!!(f.enabled & CARDINAL_CPU_FMA), !!__builtin_cpu_supports("fma"));
  cr_expect_eq(!!(f.enabled & CARDINAL_CPU_AVX512F), !!__builtin_cpu_supports("avx512f"));
  cr_expect_eq(!!(f.enabled & CARDINAL_CPU_AVX512BW), !!__builtin_cpu_supports("avx512bw"));
  cr_expect_eq(!!(f.enabled & CARDINAL_CPU_AVX512DQ), !!__builtin_cpu_supports("avx512dq"));
  cr_expect_eq(!!(f.enabled & CARDINAL_CPU_AVX512VL), !!__builtin_cpu_supports("avx512vl"));
  cr_expect(f.enabled & CARDINAL_CPU_SSE2);
#endif
}

/* Whether Linux lists a flag of the first CPU. */
static bool linux_lists(const char *flag) {
  char line[8192], padded[40];
  bool found = false;
  FILE *file = fopen("/proc/cpuinfo", "r");
  cr_assert_not_null(file);
  snprintf(padded, sizeof padded, " %s ", flag);
  while (!found && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = ' ';
    found = (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0) && strstr(line, padded);
  }
  fclose(file);
  return found;
}

/* Linux lists what CPUs have and it lets programs use. */
Test(cpu, linux_agrees) {
  static const struct {
    const char *flag;
    uint32_t feature;
  } flags[] = {
#if defined(__x86_64__)
    {"fma", CARDINAL_CPU_FMA},
    {"avx2", CARDINAL_CPU_AVX2},
    {"avx512f", CARDINAL_CPU_AVX512F},
    {"avx512_vnni", CARDINAL_CPU_AVX512_VNNI},
    {"avx512_bf16", CARDINAL_CPU_AVX512_BF16},
    {"avx_vnni", CARDINAL_CPU_AVX_VNNI},
#elif defined(__aarch64__)
    {"asimd", CARDINAL_CPU_NEON},
    {"asimddp", CARDINAL_CPU_DOTPROD},
    {"i8mm", CARDINAL_CPU_I8MM},
    {"bf16", CARDINAL_CPU_BF16},
#endif
  };
  cardinal_cpu_features f;
  cardinal_cpu_detect(&f);
  if (getenv("CARDINAL_TEST_SCALE")) /* set under emulation: qemu-user shows the file of the machine below */
    return;
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; ++i)
    cr_expect_eq(linux_lists(flags[i].flag), (f.enabled & flags[i].feature) != 0, "%s", flags[i].flag);
}
