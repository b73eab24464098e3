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

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0 bits that the OS sets for the state it saves: SSE 1, AVX 2, opmask 5, upper ZMM 6 and 7 (Intel SDM vol. 1,
 * section 13.3). */
enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xE6 };

static uint64_t read_xcr0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/* CPUs on which 512-bit kernels pay. AMD's all do (Zen 4 splits the vectors in two but saves instructions). Intel's
 * Skylake-X family (model 85: Skylake, Cascade Lake and Cooper Lake servers and workstations) lowers its clock under
 * heavy 512-bit use by less than the doubled width gains where the part has two 512-bit FMA units, as the server
 * and workstation parts do; parts with one unit gain nothing but lose little. Ice Lake and later hardly lower it.
 * Cannon Lake (model 102) and Knights Landing and Mill (87, 133) are passed over: one FMA unit with a low clock,
 * and no AVX-512 BW, DQ and VL. */
static bool prefers_512(const cardinal_cpu_features *f) {
  if (strcmp(f->vendor, "GenuineIntel") == 0 && f->family == 6)
    return f->model != 102 && f->model != 87 && f->model != 133;
  return true;
}

void cardinal_cpu_detect(cardinal_cpu_features *features) {
  *features = (cardinal_cpu_features){0};
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx))
    return;
  const uint32_t vendor[3] = {ebx, edx, ecx};
  memcpy(features->vendor, vendor, sizeof vendor);

  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  const uint32_t base_family = eax >> 8 & 15;
  features->family = base_family == 15 ? 15 + (eax >> 20 & 255) : base_family;
  features->model = (eax >> 4 & 15) | (base_family == 6 || base_family == 15 ? eax >> 12 & 0xF0 : 0);
  features->stepping = eax & 15;
  const bool osxsave = ecx & bit_OSXSAVE;
  features->present |= edx & bit_SSE2 ? CARDINAL_CPU_SSE2 : 0;
  features->present |= ecx & bit_AVX ? CARDINAL_CPU_AVX : 0;
  features->present |= ecx & bit_FMA ? CARDINAL_CPU_FMA : 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    features->present |= ebx & bit_AVX2 ? CARDINAL_CPU_AVX2 : 0;
    features->present |= ebx & bit_AVX512F ? CARDINAL_CPU_AVX512F : 0;
    features->present |= ebx & bit_AVX512BW ? CARDINAL_CPU_AVX512BW : 0;
    features->present |= ebx & bit_AVX512DQ ? CARDINAL_CPU_AVX512DQ : 0;
    features->present |= ebx & bit_AVX512VL ? CARDINAL_CPU_AVX512VL : 0;
  }
  uint32_t brand[12];
  if (__get_cpuid(0x80000002, &brand[0], &brand[1], &brand[2], &brand[3]) &&
      __get_cpuid(0x80000003, &brand[4], &brand[5], &brand[6], &brand[7]) &&
      __get_cpuid(0x80000004, &brand[8], &brand[9], &brand[10], &brand[11]))
    memcpy(features->brand, brand, sizeof brand);

  const uint64_t xcr0 = osxsave ? read_xcr0() : 0;
  const uint32_t ymm = CARDINAL_CPU_AVX | CARDINAL_CPU_FMA | CARDINAL_CPU_AVX2;
  const uint32_t zmm =
      CARDINAL_CPU_AVX512F | CARDINAL_CPU_AVX512BW | CARDINAL_CPU_AVX512DQ | CARDINAL_CPU_AVX512VL;
  features->enabled = features->present & ~(ymm | zmm);
  if ((xcr0 & XCR0_YMM) == XCR0_YMM)
    features->enabled |= features->present & ymm;
  if ((xcr0 & XCR0_ZMM) == XCR0_ZMM)
    features->enabled |= features->present & zmm;
  features->prefers_512 = prefers_512(features);
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
