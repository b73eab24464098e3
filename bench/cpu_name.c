/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/cpu_name.h"

#include <stdio.h>
#include <string.h>

/* Models of a family that share a design. AMD's ranges are those that Linux sorts its CPUs by
 * (arch/x86/kernel/cpu/amd.c), Intel's models those of its intel-family.h; Arm's are part numbers of MIDR. Where
 * steppings of one model are of several designs, as with Intel's 6/85, it has no line. */
typedef struct design {
  const char *vendor;
  unsigned family, first, last;
  const char *name;
} design;

static const design designs[] = {
    {"AuthenticAMD", 23, 0x00, 0x2f, "Zen"},           {"AuthenticAMD", 23, 0x50, 0x5f, "Zen"},
    {"AuthenticAMD", 23, 0x30, 0x4f, "Zen 2"},         {"AuthenticAMD", 23, 0x60, 0x7f, "Zen 2"},
    {"AuthenticAMD", 23, 0x90, 0x91, "Zen 2"},         {"AuthenticAMD", 23, 0xa0, 0xaf, "Zen 2"},
    {"AuthenticAMD", 25, 0x00, 0x0f, "Zen 3"},         {"AuthenticAMD", 25, 0x20, 0x5f, "Zen 3"},
    {"AuthenticAMD", 25, 0x10, 0x1f, "Zen 4"},         {"AuthenticAMD", 25, 0x60, 0xaf, "Zen 4"},
    {"AuthenticAMD", 26, 0x00, 0x2f, "Zen 5"},         {"AuthenticAMD", 26, 0x40, 0x4f, "Zen 5"},
    {"AuthenticAMD", 26, 0x60, 0x7f, "Zen 5"},         {"GenuineIntel", 6, 0x3c, 0x3c, "Haswell"},
    {"GenuineIntel", 6, 0x3f, 0x3f, "Haswell"},        {"GenuineIntel", 6, 0x4f, 0x4f, "Broadwell"},
    {"GenuineIntel", 6, 0x56, 0x56, "Broadwell"},      {"GenuineIntel", 6, 0x6a, 0x6a, "Ice Lake"},
    {"GenuineIntel", 6, 0x6c, 0x6c, "Ice Lake"},       {"GenuineIntel", 6, 0x8f, 0x8f, "Sapphire Rapids"},
    {"GenuineIntel", 6, 0xcf, 0xcf, "Emerald Rapids"}, {"GenuineIntel", 6, 0xad, 0xae, "Granite Rapids"},
    {"GenuineIntel", 6, 0xaf, 0xaf, "Sierra Forest"},  {"0x41", 0, 0xd08, 0xd08, "Cortex-A72"},
    {"0x41", 0, 0xd0b, 0xd0b, "Cortex-A76"},           {"0x41", 0, 0xd0c, 0xd0c, "Neoverse N1"},
    {"0x41", 0, 0xd40, 0xd40, "Neoverse V1"},          {"0x41", 0, 0xd49, 0xd49, "Neoverse N2"},
    {"0x41", 0, 0xd4f, 0xd4f, "Neoverse V2"},
};

static const char *design_of(const char *cpu_id) {
  char vendor[32];
  unsigned family, model;
  if (sscanf(cpu_id, "%31s %u/%u/", vendor, &family, &model) == 3)
    for (const design *d = designs; d < designs + sizeof designs / sizeof *designs; ++d)
      if (!strcmp(d->vendor, vendor) && d->family == family && d->first <= model && model <= d->last)
        return d->name;
  return NULL;
}

void bench_cpu_name(const char *cpu, const char *cpu_id, char *name, size_t size) {
  const char *known = design_of(cpu_id);
  if (known && !strstr(cpu, known))
    snprintf(name, size, "%s (%s)", cpu, known);
  else
    snprintf(name, size, "%s", cpu);
}
