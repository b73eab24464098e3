/* SPDX-License-Identifier: BSD-3-Clause */
/* What a CPU can do and what the operating system lets it do. */
#ifndef CARDINAL_DISPATCH_CPU_H
#define CARDINAL_DISPATCH_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

/* Feature bits; only those that a decision depends on. */
enum {
  CARDINAL_CPU_SSE2 = 1u << 0,
  CARDINAL_CPU_AVX = 1u << 1,
  CARDINAL_CPU_FMA = 1u << 2,
  CARDINAL_CPU_AVX2 = 1u << 3,
  CARDINAL_CPU_AVX512F = 1u << 4,
  CARDINAL_CPU_AVX512BW = 1u << 5,
  CARDINAL_CPU_AVX512DQ = 1u << 6,
  CARDINAL_CPU_AVX512VL = 1u << 7,
  CARDINAL_CPU_NEON = 1u << 8
};

typedef struct cardinal_cpu_features {
  uint32_t present; /* what the CPU reports */
  uint32_t enabled; /* of these, what the OS saves and restores (XCR0; HWCAP on Arm) and so may be used */
  bool prefers_512; /* 512-bit kernels pay on this CPU, if it can run them: docs/isas.md */
  char vendor[16];  /* "GenuineIntel", "AuthenticAMD", "0x41" (Arm implementer); "" if unknown */
  char brand[64];   /* as the CPU or the OS names it; "" if unknown */
  uint32_t family, model, stepping; /* x86: display family and model; Arm: 0, MIDR part, revision */
} cardinal_cpu_features;

/* What an x86 CPU answers: CPUID's leaves 0, 1, 7 and 0x80000002 to 0x80000004, and XCR0; zeros for what it hasn't. */
typedef struct cardinal_cpuid_registers {
  uint32_t eax, ebx, ecx, edx;
} cardinal_cpuid_registers;
typedef struct cardinal_cpuid_leaves {
  cardinal_cpuid_registers leaf0, leaf1, leaf7, brand[3];
  uint64_t xcr0;
} cardinal_cpuid_leaves;

/* What such answers mean. For tests, on any machine. */
void cardinal_cpu_decode(const cardinal_cpuid_leaves *leaves, cardinal_cpu_features *features);

/* Reads the CPU that this runs on. */
void cardinal_cpu_detect(cardinal_cpu_features *features);

/* The name of one feature bit, such as "avx512f"; NULL for other values. */
const char *cardinal_cpu_feature_name(uint32_t bit);

/* The feature bits that an ISA needs, all of them. */
uint32_t cardinal_isa_needs(cardinal_isa isa);

/* Whether this library has kernels of the ISA and the CPU may run them. */
bool cardinal_isa_usable(cardinal_isa isa, const cardinal_cpu_features *features);

/* The best usable ISA: the highest one, but avx512 only where it is preferred. */
cardinal_isa cardinal_isa_best(const cardinal_cpu_features *features);

#endif
