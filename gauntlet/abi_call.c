/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/abi_call.h"

#include <inttypes.h>
#include <stdio.h>

#if defined(__x86_64__)
static const char *const registers[] = {"rbx", "rbp", "r12", "r13", "r14", "r15"};
#elif defined(__aarch64__)
static const char *const registers[] = {"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                                        "d8",  "d9",  "d10", "d11", "d12", "d13", "d14", "d15", "x29"};
#else
static const char *const registers[] = {"none"};

/* No assembly for this architecture: nothing is watched. */
void gauntlet_abi_call(gauntlet_abi_function *function, const void *first, const void *second,
                       gauntlet_abi_report *report) {
  *report = (gauntlet_abi_report){0};
  function(first, second);
}
#endif

bool gauntlet_abi_kept_registers(const gauntlet_abi_report *report, char *text, size_t size) {
  for (size_t i = 0; i < sizeof registers / sizeof registers[0]; ++i)
    if (report->before[i] != report->after[i]) {
      snprintf(text, size, "%s, which a function must keep, came back changed", registers[i]);
      return false;
    }
  return true;
}

bool gauntlet_abi_kept_modes(const gauntlet_abi_report *report, char *text, size_t size) {
  const uint64_t changed = report->modes_before ^ report->modes_after;
  if (!changed)
    return true;
#if defined(__x86_64__)
  const uint64_t mxcsr = 0xFFC0, flushing = 0x8040, rounding = 0x6000, x87 = UINT64_C(0xFFFF0000);
  if (changed & mxcsr)
    snprintf(text, size, "MXCSR's control bits came back as 0x%04" PRIx64 " instead of 0x%04" PRIx64 "%s",
             report->modes_after & mxcsr, report->modes_before & mxcsr,
             changed & flushing   ? " (denormals are flushed)"
             : changed & rounding ? " (another rounding)"
                                  : "");
  else if (changed & x87)
    snprintf(text, size, "the x87 control word came back changed");
  else if (changed & UINT64_C(1) << 32)
    snprintf(text, size, "the direction flag came back set");
  else
    snprintf(text, size, "the x87 stack came back in use (an emms is missing)");
#else
  snprintf(text, size, "FPCR came back as 0x%" PRIx64 " instead of 0x%" PRIx64, report->modes_after,
           report->modes_before);
#endif
  return false;
}
