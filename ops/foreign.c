/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/foreign.h"

#include "ops/sizes.h"

/* Tells `kernel` of the problem in its own layouts. */
static void address(cardinal_foreign *foreign, const cardinal_plugin_kernel *kernel) {
  foreign->kernel = kernel;
  foreign->conv.x_layout = foreign->pool.x_layout = kernel->x_layout;
  foreign->conv.y_layout = foreign->pool.y_layout = kernel->y_layout;
}

static cardinal_plugin_operation operation_of(const cardinal_plugin_problem *problem) {
  if (problem->conv)
    return CARDINAL_PLUGIN_CONV;
  return problem->pool->kind == CARDINAL_POOL_MAX ? CARDINAL_PLUGIN_MAX_POOL : CARDINAL_PLUGIN_AVERAGE_POOL;
}

/* Those of other operators and of other number formats aren't. */
static bool is_asked(const cardinal_foreign *foreign) {
  const cardinal_plugin_problem *problem = &foreign->problem;
  const cardinal_format format = problem->conv ? problem->conv->format : problem->pool->format;
  return foreign->kernel->operation == operation_of(problem) && (cardinal_format)foreign->kernel->format == format;
}

/* Why the kernel that is addressed doesn't serve: NULL if it does. The kernel's own words if it has some. */
static const char *declines(const cardinal_context *context, const cardinal_foreign *foreign) {
  const cardinal_plugin_kernel *kernel = foreign->kernel;
  if (foreign->passed_over)
    return foreign->passed_over;
  uint32_t needs = 0;
  size_t length;
  if (kernel->needs && cardinal_cpu_features_parse(kernel->needs, &needs, &length))
    return "it needs a CPU feature that this library doesn't know";
  needs = cardinal_cpu_needs_here(needs);
  const uint32_t missing = needs & ~context->selector.features.enabled;
  if (missing)
    return cardinal_cpu_feature_missing(missing);
  if (needs & context->selector.without)
    return "a CPU feature that it needs was taken away";
  return kernel->declines ? kernel->declines(kernel, &foreign->problem) : NULL;
}

bool cardinal_foreign_select(const cardinal_context *context, const cardinal_conv_desc *conv,
                             const cardinal_pool_desc *pool, int64_t out_height, int64_t out_width,
                             const char *passed_over, cardinal_foreign **found) {
  *found = NULL;
  if (!context->plugin)
    return true;
  cardinal_foreign *foreign = cardinal_context_allocate(context, sizeof *foreign);
  if (!foreign)
    return false;
  *foreign = (cardinal_foreign){.passed_over = passed_over};
  if (conv) {
    foreign->conv = *conv;
    foreign->conv.x_format = conv->format; /* floats are rounded before the kernel reads them */
  } else {
    foreign->pool = *pool;
  }
  foreign->problem = (cardinal_plugin_problem){.struct_size = sizeof foreign->problem,
                                               .conv = conv ? &foreign->conv : NULL,
                                               .pool = conv ? NULL : &foreign->pool,
                                               .out_height = out_height,
                                               .out_width = out_width};
  *found = foreign;
  for (size_t i = 0; i < context->plugin->kernel_count; ++i) {
    address(foreign, context->plugin->kernels[i]);
    if (is_asked(foreign) && !declines(context, foreign))
      return true;
  }
  foreign->kernel = NULL;
  return true;
}

void cardinal_foreign_candidates(const cardinal_context *context, const cardinal_foreign *foreign,
                                 cardinal_candidate_visit visit, void *user) {
  cardinal_foreign asked = *foreign;
  asked.problem.conv = foreign->problem.conv ? &asked.conv : NULL;
  asked.problem.pool = foreign->problem.conv ? NULL : &asked.pool;
  for (size_t i = 0; i < context->plugin->kernel_count; ++i) {
    address(&asked, context->plugin->kernels[i]);
    if (!is_asked(&asked))
      continue;
    const char *reason = asked.kernel == foreign->kernel ? NULL : declines(context, &asked);
    visit(user, asked.kernel->name, asked.kernel == foreign->kernel || reason ? reason : "a kernel before it serves");
  }
}

bool cardinal_foreign_pack(const cardinal_context *context, cardinal_foreign *foreign, const float *weights,
                           const float *bias) {
  const cardinal_plugin_kernel *kernel = foreign->kernel;
  if (!kernel->pack)
    return true;
  foreign->packed_bytes = kernel->packed_bytes(kernel, &foreign->problem);
  foreign->packed = cardinal_context_allocate(context, cardinal_max(foreign->packed_bytes, 1));
  if (!foreign->packed)
    return false;
  kernel->pack(kernel, &foreign->problem, weights, bias, foreign->packed);
  return true;
}

void cardinal_foreign_destroy(const cardinal_context *context, cardinal_foreign *foreign) {
  if (!foreign)
    return;
  cardinal_context_free(context, foreign->packed, cardinal_max(foreign->packed_bytes, 1));
  cardinal_context_free(context, foreign, sizeof *foreign);
}
