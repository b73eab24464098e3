/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/cpu.h"

#include <stdio.h>
#include <string.h>

static const struct {
  uint32_t bit;
  const char *name;
} feature_names[] = {
    {CARDINAL_CPU_SSE2, "sse2"},         {CARDINAL_CPU_AVX, "avx"},           {CARDINAL_CPU_FMA, "fma"},
    {CARDINAL_CPU_AVX2, "avx2"},         {CARDINAL_CPU_AVX512F, "avx512f"},   {CARDINAL_CPU_AVX512BW, "avx512bw"},
    {CARDINAL_CPU_AVX512DQ, "avx512dq"}, {CARDINAL_CPU_AVX512VL, "avx512vl"}, {CARDINAL_CPU_NEON, "neon"},
};

const char *cardinal_cpu_feature_name(uint32_t bit) {
  for (size_t i = 0; i < sizeof feature_names / sizeof feature_names[0]; ++i)
    if (feature_names[i].bit == bit)
      return feature_names[i].name;
  return NULL;
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
  const uint32_t avx2 = CARDINAL_CPU_AVX | CARDINAL_CPU_AVX2 | CARDINAL_CPU_FMA;
  switch (isa) {
  case CARDINAL_ISA_NEON:
    return CARDINAL_CPU_NEON;
  case CARDINAL_ISA_AVX2:
    return avx2;
  case CARDINAL_ISA_AVX512:
    return avx2 | CARDINAL_CPU_AVX512F | CARDINAL_CPU_AVX512BW | CARDINAL_CPU_AVX512DQ | CARDINAL_CPU_AVX512VL;
  default:
    return 0;
  }
}

static bool built(cardinal_isa isa) {
  switch (isa) {
  case CARDINAL_ISA_GENERIC:
    return true;
#ifdef CARDINAL_HAVE_NEON
  case CARDINAL_ISA_NEON:
    return true;
#endif
#ifdef CARDINAL_HAVE_AVX2
  case CARDINAL_ISA_AVX2:
    return true;
#endif
#ifdef CARDINAL_HAVE_AVX512
  case CARDINAL_ISA_AVX512:
    return true;
#endif
  default:
    return false;
  }
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
  LEAF7_EBX_AVX512BW = 1u << 30
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

  /* Without OSXSAVE the OS saves no extended state, and XCR0 can't be read. */
  const uint64_t xcr0 = ecx & LEAF1_ECX_OSXSAVE ? leaves->xcr0 : 0;
  const uint32_t ymm = CARDINAL_CPU_AVX | CARDINAL_CPU_FMA | CARDINAL_CPU_AVX2;
  const uint32_t zmm = CARDINAL_CPU_AVX512F | CARDINAL_CPU_AVX512BW | CARDINAL_CPU_AVX512DQ | CARDINAL_CPU_AVX512VL;
  features->enabled = features->present & ~(ymm | zmm);
  if ((xcr0 & XCR0_YMM) == XCR0_YMM)
    features->enabled |= features->present & ymm;
  if ((xcr0 & XCR0_ZMM) == XCR0_ZMM)
    features->enabled |= features->present & zmm;
  features->prefers_512 = prefers_512(features);
}

#if defined(__x86_64__)
#include <cpuid.h>

static cardinal_cpuid_registers leaf(uint32_t number) {
  cardinal_cpuid_registers r = {0};
  __get_cpuid_count(number, 0, &r.eax, &r.ebx, &r.ecx, &r.edx); /* leaves zeros past the highest leaf */
  return r;
}

void cardinal_cpu_detect(cardinal_cpu_features *features) {
  cardinal_cpuid_leaves leaves = {.leaf0 = leaf(0), .leaf1 = leaf(1), .leaf7 = leaf(7)};
  for (uint32_t i = 0; i < 3; ++i)
    leaves.brand[i] = leaf(0x80000002 + i);
  if (leaves.leaf1.ecx & LEAF1_ECX_OSXSAVE) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    leaves.xcr0 = (uint64_t)high << 32 | low;
  }
  cardinal_cpu_decode(&leaves, features);
}

#elif defined(__aarch64__)
#include <sys/auxv.h>
#include <asm/hwcap.h>

void cardinal_cpu_detect(cardinal_cpu_features *features) {
  *features = (cardinal_cpu_features){0};
  if (getauxval(AT_HWCAP) & HWCAP_ASIMD)
    features->present = features->enabled = CARDINAL_CPU_NEON;
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
