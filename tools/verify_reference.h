/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a file of references is itself right. */
#ifndef CARDINAL_TOOLS_VERIFY_REFERENCE_H
#define CARDINAL_TOOLS_VERIFY_REFERENCE_H

#include <jansson.h>

#include "tools/reference_cases.h"
#include "tools/verify_options.h"

/* Holds the expected output of each case against the library's own oracles: the bits of the canonical order, and double
 * precision with its error bound. Prints a line for each case, or appends an object to `told` if JSON is wanted.
 * Returns how many cases are outside the bound, so that no right kernel could agree with them. */
size_t verify_tell_references(const verify_options *options, const reference_cases *cases, json_t *told);

#endif
