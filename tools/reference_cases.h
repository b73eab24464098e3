/* SPDX-License-Identifier: BSD-3-Clause */
/* Operators' inputs and expected outputs out of a safetensors file; docs/references.md describes the format. */
#ifndef CARDINAL_TOOLS_REFERENCE_CASES_H
#define CARDINAL_TOOLS_REFERENCE_CASES_H

#include "gauntlet/given.h"
#include "net/weights.h"

typedef struct reference_cases {
  size_t count;
  gauntlet_problem *problems;
  gauntlet_given *given; /* of each problem */
} reference_cases;

/* Checks that a file calls itself a reference of a version that is known. */
cardinal_status reference_check_version(const cardinal_weights *file, cardinal_error *error);

/* The text of a key of the file's metadata; NULL: it has none. */
const char *reference_remark(const cardinal_weights *file, const char *key);

/* Checks a tensor's shape, [batch][channels][height][width]; trailing ones may be left off. */
cardinal_status reference_check_shape(const cardinal_weights *file, const cardinal_tensor *tensor,
                                      const int64_t expected[4], cardinal_error *error);

/* Reads the cases, or only the one named `only`, to be judged by `rule`; NULL: all, each by the file's rule. The caller
 * frees what is read, whether or not there was an error. Errors, with file and tensor: what isn't in the format, a
 * tensor that is missing, too many or misshapen, memory. */
cardinal_status reference_cases_read(const char *path, const char *only, const gauntlet_rule *rule,
                                     reference_cases *cases, cardinal_error *error);
void reference_cases_free(reference_cases *cases);

#endif
