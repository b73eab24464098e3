/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels of a context's plug-in, seen from a plan. */
#ifndef CARDINAL_OPS_FOREIGN_H
#define CARDINAL_OPS_FOREIGN_H

#include <cardinal/plugin.h>

#include "ops/context.h"

typedef struct cardinal_foreign {
  const cardinal_plugin_kernel *kernel; /* that serves the plan; NULL: one of the library's does */
  const char *passed_over;              /* why none was asked; NULL if each was. Static. */
  cardinal_plugin_problem problem;      /* its pointers go to the next two */
  cardinal_conv_desc conv;
  cardinal_pool_desc pool;
  void *packed; /* NULL if the kernel packs nothing */
  size_t packed_bytes;
} cardinal_foreign;

/* Looks for the first kernel of the context's plug-in that serves a problem; `passed_over` says why none may, or is
 * NULL. The answer lies in memory of the context's allocator; NULL if the context has no plug-in. False if there is no
 * memory. */
bool cardinal_foreign_select(const cardinal_context *context, const cardinal_conv_desc *conv,
                             const cardinal_pool_desc *pool, int64_t out_height, int64_t out_width,
                             const char *passed_over, cardinal_foreign **found);

/* Calls visit(user, kernel, reason) for the plug-in's kernels of the operator, as cardinal_plan_candidates does. */
void cardinal_foreign_candidates(const cardinal_context *context, const cardinal_foreign *foreign,
                                 cardinal_candidate_visit visit, void *user);

/* Packs weights if the kernel wants to; false if there is no memory. */
bool cardinal_foreign_pack(const cardinal_context *context, cardinal_foreign *foreign, const float *weights,
                           const float *bias);

void cardinal_foreign_destroy(const cardinal_context *context, cardinal_foreign *foreign);

#endif
