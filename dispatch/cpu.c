/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/cpu.h"

#include <stdio.h>
#include <string.h>

#include "kernels/features.h"

#define NAMED(bits, name)                                                                                              \
  { (bits), name, "this CPU or its operating system doesn't offer " name }

/* The names that users write; "vnni" and "bf16" stand for every CPU's. */
static const struct {
  uint32_t bits;
  const char *name, *missing;
} feature_names[] = {
    NAMED(CARDINAL_CPU_SSE2, "sse2"),
    NAMED(CARDINAL_CPU_AVX, "avx"),
    NAMED(CARDINAL_CPU_FMA, "fma"),
    NAMED(CARDINAL_CPU_AVX2, "avx2"),
    NAMED(CARDINAL_CPU_AVX512F, "avx512f"),
    NAMED(CARDINAL_CPU_AVX512BW, "avx512bw"),
    NAMED(CARDINAL_CPU_AVX512DQ, "avx512dq"),
    NAMED(CARDINAL_CPU_AVX512VL, "avx512vl"),
    NAMED(CARDINAL_CPU_AVX512_VNNI, "avx512_vnni"),
    NAMED(CARDINAL_CPU_AVX_VNNI, "avx_vnni"),
    NAMED(CARDINAL_CPU_AVX512_BF16, "avx512_bf16"),
    NAMED(CARDINAL_CPU_NEON, "neon"),
    NAMED(CARDINAL_CPU_DOTPROD, "dotprod"),
    NAMED(CARDINAL_CPU_I8MM, "i8mm"),
    NAMED(CARDINAL_CPU_BF16, "bf16"),
    NAMED(CARDINAL_CPU_AVX512_VNNI | CARDINAL_CPU_AVX_VNNI, "vnni"),
    NAMED(CARDINAL_CPU_AVX512_BF16 | CARDINAL_CPU_BF16, "bf16"),
};
enum {
  NAMES = sizeof feature_names / sizeof feature_names[0]
};

const char *cardinal_cpu_feature_name(uint32_t bit) {
  for (size_t i = 0; i < NAMES; ++i)
    if (feature_names[i].bits == bit)
      return feature_names[i].name;
  return NULL;
}

const char *cardinal_cpu_feature_missing(uint32_t features) {
  for (size_t i = 0; i < NAMES; ++i)
    if (feature_names[i].bits & features)
      return feature_names[i].missing;
  return "this CPU doesn't offer what it needs";
}

static uint32_t features_named(const char *name, size_t length) {
  uint32_t features = 0;
  for (size_t i = 0; i < NAMES; ++i)
    if (strlen(feature_names[i].name) == length && memcmp(feature_names[i].name, name, length) == 0)
      features |= feature_names[i].bits;
  return features;
}

const char *cardinal_cpu_features_parse(const char *list, uint32_t *features, size_t *length) {
  uint32_t found = 0;
  for (;;) {
    list += strspn(list, " ");
    const size_t item = strcspn(list, ",");
    for (*length = item; *length && list[*length - 1] == ' ';)
      --*length;
    const uint32_t named = features_named(list, *length);
    if (!named)
      return list;
    found |= named;
    if (!list[item])
      break;
    list += item + 1;
  }
  *features = found;
  return NULL;
}

uint32_t cardinal_cpu_needs_here(uint32_t features) {
#if defined(__aarch64__)
  const uint32_t elsewhere = CARDINAL_CPU_AVX512_BF16;
#else
  const uint32_t elsewhere = CARDINAL_CPU_BF16;
#endif
  const uint32_t bf16 = CARDINAL_CPU_AVX512_BF16 | CARDINAL_CPU_BF16;
  return (features & bf16) == bf16 ? features & ~elsewhere : features;
}

void cardinal_cpu_features_known(char *text, size_t size) {
  text[0] = '\0';
  for (size_t i = 0, used = 0; i < NAMES && used < size; ++i)
    if (features_named(feature_names[i].name, strlen(feature_names[i].name)) == feature_names[i].bits)
      used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", feature_names[i].name);
}

const char *cardinal_isa_name(cardinal_isa isa) {
  switch (isa) {
  case CARDINAL_ISA_GENERIC:
    return "generic";
  case CARDINAL_ISA_NEON:
    return "neon";
  case CARDINAL_ISA_AVX2:
    return "avx2";
  case CARDINAL_ISA_AVX512:
    return "avx512";
  default:
    return NULL;
  }
}

uint32_t cardinal_isa_needs(cardinal_isa isa) {
  switch (isa) {
  case CARDINAL_ISA_NEON:
    return CARDINAL_NEEDS_NEON;
  case CARDINAL_ISA_AVX2:
    return CARDINAL_NEEDS_AVX2;
  case CARDINAL_ISA_AVX512:
    return CARDINAL_NEEDS_AVX512;
  default:
    return CARDINAL_NEEDS_GENERIC;
  }
}

static bool built(cardinal_isa isa) {
  static const bool is_built[CARDINAL_ISA_COUNT] = {
      [CARDINAL_ISA_GENERIC] = true,
#ifdef CARDINAL_HAVE_NEON
      [CARDINAL_ISA_NEON] = true,
#endif
#ifdef CARDINAL_HAVE_AVX2
      [CARDINAL_ISA_AVX2] = true,
#endif
#ifdef CARDINAL_HAVE_AVX512
      [CARDINAL_ISA_AVX512] = true,
#endif
  };
  return is_built[isa];
}

bool cardinal_isa_usable(cardinal_isa isa, const cardinal_cpu_features *features) {
  const uint32_t needs = cardinal_isa_needs(isa);
  return built(isa) && (features->enabled & needs) == needs;
}

cardinal_isa cardinal_isa_best(const cardinal_cpu_features *features) {
  for (int isa = CARDINAL_ISA_COUNT - 1; isa > CARDINAL_ISA_GENERIC; --isa)
    if (cardinal_isa_usable((cardinal_isa)isa, features) && (isa != CARDINAL_ISA_AVX512 || features->prefers_512))
      return (cardinal_isa)isa;
  return CARDINAL_ISA_GENERIC;
}

/* Bits of CPUID's answers (Intel SDM vol. 2, CPUID). */
enum {
  LEAF1_ECX_FMA = 1u << 12,
  LEAF1_ECX_OSXSAVE = 1u << 27,
  LEAF1_ECX_AVX = 1u << 28,
  LEAF1_EDX_SSE2 = 1u << 26,
  LEAF7_EBX_AVX2 = 1u << 5,
  LEAF7_EBX_AVX512F = 1u << 16,
  LEAF7_EBX_AVX512DQ = 1u << 17,
  LEAF7_EBX_AVX512BW = 1u << 30,
  LEAF7_ECX_AVX512_VNNI = 1u << 11,
  LEAF7_1_EAX_AVX_VNNI = 1u << 4,
  LEAF7_1_EAX_AVX512_BF16 = 1u << 5
};
#define LEAF7_EBX_AVX512VL (1u << 31)

/* XCR0 bits that the OS sets for the state it saves: SSE 1, AVX 2, opmask 5, upper ZMM 6 and 7 (Intel SDM vol. 1,
 * section 13.3). */
enum {
  XCR0_YMM = 0x06,
  XCR0_ZMM = 0xE6
};

/* CPUs on which 512-bit kernels pay. AMD's all do (Zen 4 splits the vectors in two but saves instructions). Intel's
 * Skylake-X family (model 85: Skylake, Cascade Lake and Cooper Lake servers and workstations) lowers its clock under
 * heavy 512-bit use by less than the doubled width gains where the part has two 512-bit FMA units, as the server
 * and workstation parts do; parts with one unit gain nothing but lose little. Ice Lake and later hardly lower it.
 * Cannon Lake (model 102) is passed over for its one FMA unit with a low clock; Knights Landing and Mill (87, 133) lack
 * AVX-512 BW, DQ and VL anyway. docs/isas.md has the list. */
static bool prefers_512(const cardinal_cpu_features *f) {
  if (strcmp(f->vendor, "GenuineIntel") == 0 && f->family == 6)
    return f->model != 102 && f->model != 87 && f->model != 133;
  return true;
}

void cardinal_cpu_decode(const cardinal_cpuid_leaves *leaves, cardinal_cpu_features *features) {
  *features = (cardinal_cpu_features){0};
  const uint32_t vendor[3] = {leaves->leaf0.ebx, leaves->leaf0.edx, leaves->leaf0.ecx};
  memcpy(features->vendor, vendor, sizeof vendor);
  char brand[sizeof leaves->brand + 1] = "";
  memcpy(brand, leaves->brand, sizeof leaves->brand);
  memcpy(features->brand, brand + strspn(brand, " "), sizeof brand - strspn(brand, " "));
  if (leaves->leaf0.eax < 1)
    return;

  const uint32_t eax = leaves->leaf1.eax, ecx = leaves->leaf1.ecx;
  const uint32_t ebx7 = leaves->leaf0.eax >= 7 ? leaves->leaf7.ebx : 0;
  const uint32_t ecx7 = leaves->leaf0.eax >= 7 ? leaves->leaf7.ecx : 0;
  const uint32_t eax7_1 = leaves->leaf0.eax >= 7 && leaves->leaf7.eax >= 1 ? leaves->leaf7_1.eax : 0;
  const uint32_t base_family = eax >> 8 & 15;
  features->family = base_family == 15 ? 15 + (eax >> 20 & 255) : base_family;
  features->model = (eax >> 4 & 15) | (base_family == 6 || base_family == 15 ? eax >> 12 & 0xF0 : 0);
  features->stepping = eax & 15;
  features->present |= leaves->leaf1.edx & LEAF1_EDX_SSE2 ? CARDINAL_CPU_SSE2 : 0;
  features->present |= ecx & LEAF1_ECX_AVX ? CARDINAL_CPU_AVX : 0;
  features->present |= ecx & LEAF1_ECX_FMA ? CARDINAL_CPU_FMA : 0;
  features->present |= ebx7 & LEAF7_EBX_AVX2 ? CARDINAL_CPU_AVX2 : 0;
  features->present |= ebx7 & LEAF7_EBX_AVX512F ? CARDINAL_CPU_AVX512F : 0;
  features->present |= ebx7 & LEAF7_EBX_AVX512BW ? CARDINAL_CPU_AVX512BW : 0;
  features->present |= ebx7 & LEAF7_EBX_AVX512DQ ? CARDINAL_CPU_AVX512DQ : 0;
  features->present |= ebx7 & LEAF7_EBX_AVX512VL ? CARDINAL_CPU_AVX512VL : 0;
  features->present |= ecx7 & LEAF7_ECX_AVX512_VNNI ? CARDINAL_CPU_AVX512_VNNI : 0;
  features->present |= eax7_1 & LEAF7_1_EAX_AVX_VNNI ? CARDINAL_CPU_AVX_VNNI : 0;
  features->present |= eax7_1 & LEAF7_1_EAX_AVX512_BF16 ? CARDINAL_CPU_AVX512_BF16 : 0;

  /* Without OSXSAVE the OS saves no extended state, and XCR0 can't be read. */
  const uint64_t xcr0 = ecx & LEAF1_ECX_OSXSAVE ? leaves->xcr0 : 0;
  const uint32_t ymm = CARDINAL_NEEDS_AVX2 | CARDINAL_CPU_AVX_VNNI;
  const uint32_t zmm =
      (CARDINAL_NEEDS_AVX512 & ~CARDINAL_NEEDS_AVX2) | CARDINAL_CPU_AVX512_VNNI | CARDINAL_CPU_AVX512_BF16;
  features->enabled = features->present & ~(ymm | zmm);
  if ((xcr0 & XCR0_YMM) == XCR0_YMM)
    features->enabled |= features->present & ymm;
  if ((xcr0 & XCR0_ZMM) == XCR0_ZMM)
    features->enabled |= features->present & zmm;
  features->prefers_512 = prefers_512(features);
}

/* Bits of AT_HWCAP and AT_HWCAP2 on arm64 (Linux, arch/arm64/include/uapi/asm/hwcap.h); part of its ABI. */
enum {
  HWCAP_BIT_ASIMD = 1u << 1,
  HWCAP_BIT_ASIMDDP = 1u << 20,
  HWCAP2_BIT_I8MM = 1u << 13,
  HWCAP2_BIT_BF16 = 1u << 14
};

void cardinal_cpu_decode_arm(uint64_t hwcap, uint64_t hwcap2, cardinal_cpu_features *features) {
  *features = (cardinal_cpu_features){0};
  features->present |= hwcap & HWCAP_BIT_ASIMD ? CARDINAL_CPU_NEON : 0;
  features->present |= hwcap & HWCAP_BIT_ASIMDDP ? CARDINAL_CPU_DOTPROD : 0;
  features->present |= hwcap2 & HWCAP2_BIT_I8MM ? CARDINAL_CPU_I8MM : 0;
  features->present |= hwcap2 & HWCAP2_BIT_BF16 ? CARDINAL_CPU_BF16 : 0;
  features->enabled = features->present;
}

#if defined(__x86_64__)
#include <cpuid.h>

static cardinal_cpuid_registers leaf(uint32_t number, uint32_t subleaf) {
  cardinal_cpuid_registers r = {0};
  __get_cpuid_count(number, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx); /* leaves zeros past the highest leaf */
  return r;
}

void cardinal_cpu_detect(cardinal_cpu_features *features) {
  cardinal_cpuid_leaves leaves = {.leaf0 = leaf(0, 0), .leaf1 = leaf(1, 0), .leaf7 = leaf(7, 0), .leaf7_1 = leaf(7, 1)};
  for (uint32_t i = 0; i < 3; ++i)
    leaves.brand[i] = leaf(0x80000002 + i, 0);
  if (leaves.leaf1.ecx & LEAF1_ECX_OSXSAVE) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    leaves.xcr0 = (uint64_t)high << 32 | low;
  }
  cardinal_cpu_decode(&leaves, features);
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

void cardinal_cpu_detect(cardinal_cpu_features *features) {
  cardinal_cpu_decode_arm(getauxval(AT_HWCAP), getauxval(AT_HWCAP2), features);
  /* The kernel gives user space a sanitised MIDR_EL1 in sysfs (Documentation/arch/arm64/cpu-feature-registers). */
  FILE *file = fopen("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", "r");
  unsigned long midr = 0;
  if (file && fscanf(file, "%lx", &midr) == 1) {
    snprintf(features->vendor, sizeof features->vendor, "0x%02lx", midr >> 24 & 255);
    features->model = (uint32_t)(midr >> 4 & 0xFFF);
    features->stepping = (uint32_t)(midr & 15);
  }
  if (file)
    fclose(file);
}

#else

void cardinal_cpu_detect(cardinal_cpu_features *features) {
  *features = (cardinal_cpu_features){0};
}

#endif
