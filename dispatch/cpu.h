/* SPDX-License-Identifier: BSD-3-Clause */
/* What a CPU can do and what the operating system lets it do. */
#ifndef CARDINAL_DISPATCH_CPU_H
#define CARDINAL_DISPATCH_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

typedef struct cardinal_cpu_features {
  uint32_t present; /* what the CPU reports, as CARDINAL_CPU_... bits */
  uint32_t enabled; /* of these, what the OS saves and restores (XCR0; HWCAP on Arm) and so may be used */
  bool prefers_512; /* 512-bit kernels pay on this CPU, if it can run them: docs/isas.md */
  char vendor[16];  /* "GenuineIntel", "AuthenticAMD", "0x41" (Arm implementer); "" if unknown */
  char brand[64];   /* as the CPU or the OS names it; "" if unknown */
  uint32_t family, model, stepping; /* x86: display family and model; Arm: 0, MIDR part, revision */
} cardinal_cpu_features;

/* What an x86 CPU answers: CPUID's leaves 0, 1, 7 with subleaf 1, and 0x80000002 to 0x80000004, and XCR0; zeros for
 * what it hasn't. */
typedef struct cardinal_cpuid_registers {
  uint32_t eax, ebx, ecx, edx;
} cardinal_cpuid_registers;
typedef struct cardinal_cpuid_leaves {
  cardinal_cpuid_registers leaf0, leaf1, leaf7, leaf7_1, brand[3];
  uint64_t xcr0;
} cardinal_cpuid_leaves;

/* What such answers mean. For tests, on any machine. */
void cardinal_cpu_decode(const cardinal_cpuid_leaves *leaves, cardinal_cpu_features *features);

/* Reads the CPU that this runs on. */
void cardinal_cpu_detect(cardinal_cpu_features *features);

/* What Linux says of an Arm CPU: the auxiliary vector's AT_HWCAP and AT_HWCAP2. It names only what it lets programs
 * use, so what is present is enabled. */
void cardinal_cpu_decode_arm(uint64_t hwcap, uint64_t hwcap2, cardinal_cpu_features *features);

/* That this CPU lacks the first of some features, in a static phrase. */
const char *cardinal_cpu_feature_missing(uint32_t features);

/* Reads names of features with commas between, and blanks around them; "vnni" and "bf16" stand for those of all CPUs.
 * Gives NULL and the features, or the first unknown name and its length. */
const char *cardinal_cpu_features_parse(const char *list, uint32_t *features, size_t *length);

/* What such a list says of a kernel that needs it: "bf16" means this architecture's alone. */
uint32_t cardinal_cpu_needs_here(uint32_t features);

/* All names that it knows, with ", " between. */
void cardinal_cpu_features_known(char *text, size_t size);

/* The feature bits that an ISA needs, all of them. */
uint32_t cardinal_isa_needs(cardinal_isa isa);

/* Whether this library has kernels of the ISA and the CPU may run them. */
bool cardinal_isa_usable(cardinal_isa isa, const cardinal_cpu_features *features);

/* The best usable ISA: the highest one, but avx512 only where it is preferred. */
cardinal_isa cardinal_isa_best(const cardinal_cpu_features *features);

#endif
