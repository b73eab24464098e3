/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's own kernels as a list like a plug-in's, so that the gauntlet judges them alike. */
#ifndef CARDINAL_GAUNTLET_BUILTIN_H
#define CARDINAL_GAUNTLET_BUILTIN_H

#include <cardinal/plugin.h>

/* Every registered kernel of this build, in the order of preference; each runs inside a plan that uses no other.
 * Static. Not to be called by two threads at once. */
const cardinal_plugin *gauntlet_builtin(void);

/* The instruction set of a kernel of that list, by name. */
cardinal_isa gauntlet_builtin_isa(const char *name);

#endif
