/* SPDX-License-Identifier: BSD-3-Clause */
/* Calling a function that may break the calling convention, and finding out. */
#ifndef CARDINAL_GAUNTLET_ABI_CALL_H
#define CARDINAL_GAUNTLET_ABI_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  GAUNTLET_ABI_REGISTERS = 20
};

/* What the callee-saved registers and the floating-point modes held before and after a call. The assembly writes it:
 * the layout is fixed. */
typedef struct gauntlet_abi_report {
  uint64_t before[GAUNTLET_ABI_REGISTERS], after[GAUNTLET_ABI_REGISTERS];
  uint64_t modes_before, modes_after;
} gauntlet_abi_report;

typedef void gauntlet_abi_function(const void *first, const void *second);

/* Calls function(first, second) with patterns in all callee-saved registers, fills the report, and puts everything
 * back, so that the caller goes on unharmed. */
void gauntlet_abi_call(gauntlet_abi_function *function, const void *first, const void *second,
                       gauntlet_abi_report *report);

/* Whether the function kept the registers and the modes; if not, names the first that it changed in `text`. */
bool gauntlet_abi_kept_registers(const gauntlet_abi_report *report, char *text, size_t size);
bool gauntlet_abi_kept_modes(const gauntlet_abi_report *report, char *text, size_t size);

#endif
