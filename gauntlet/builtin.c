/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/builtin.h"

#include <stdio.h>
#include <stdlib.h>

#include "dispatch/cpu.h"
#include "kernels/format.h"
#include "kernels/registry.h"
#include "ops/context.h"
#include "ops/describe.h"

enum {
  MOST = 256
};

typedef struct builtin {
  cardinal_plugin_kernel entry; /* first: the gauntlet hands it back */
  const cardinal_kernel *kernel;
  char needs[128];
} builtin;

static const builtin *builtin_of(const cardinal_plugin_kernel *self) {
  return (const builtin *)(const void *)self;
}

/* The shape as the kernel would see it, in its own format and layout. */
static cardinal_shape shape_of(const cardinal_plugin_problem *problem, const cardinal_kernel *kernel) {
  cardinal_shape shape;
  cardinal_conv_desc conv;
  cardinal_pool_desc pool;
  cardinal_error error;
  const cardinal_status status = problem->conv
                                     ? cardinal_describe_conv(kernel->name, problem->conv, &conv, &shape, &error)
                                     : cardinal_describe_pool(kernel->name, problem->pool, &pool, &shape, &error);
  if (status) {
    fprintf(stderr, "%s\n", error.message);
    abort();
  }
  shape.format = kernel->format;
  shape.x_layout = kernel->x_layout;
  return shape;
}

static const char *declines(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  const cardinal_kernel *kernel = builtin_of(self)->kernel;
  const cardinal_shape shape = shape_of(problem, kernel);
  const size_t products = shape.in_per_group * shape.window.kernel_h * shape.window.kernel_w;
  if (problem->conv && kernel->format == CARDINAL_FORMAT_INT8 &&
      products > INT32_MAX / (CARDINAL_INT8_MOST * CARDINAL_INT8_MOST))
    return "a sum of so many products could leave int32's range";
  return cardinal_kernel_declines_shape(kernel, &shape);
}

/* A context that has this kernel alone. The gauntlet's children are short-lived: it is never destroyed. */
static cardinal_context *context_for(const cardinal_kernel *kernel) {
  const cardinal_context_desc desc = {
      .struct_size = sizeof desc, .flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT, .threads = 1};
  cardinal_context *context;
  cardinal_error error;
  if (cardinal_context_create(&desc, &context, &error)) {
    fprintf(stderr, "%s\n", error.message);
    abort();
  }
  context->selector.cap = kernel->isa;
  context->selector.only = kernel;
  return context;
}

static cardinal_plan *plan_for(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem,
                               const float *weights, const float *bias) {
  const cardinal_context *context = context_for(builtin_of(self)->kernel);
  cardinal_plan *plan;
  cardinal_error error;
  const cardinal_status status = problem->conv
                                     ? cardinal_conv_create(context, problem->conv, weights, bias, &plan, &error)
                                     : cardinal_pool_create(context, problem->pool, &plan, &error);
  if (status) {
    fprintf(stderr, "%s: %s\n", self->name, error.message);
    abort();
  }
  return plan;
}

static size_t packed_bytes(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  (void)self;
  (void)problem;
  return sizeof(cardinal_plan *);
}

static void pack(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem, const float *weights,
                 const float *bias, void *packed) {
  *(cardinal_plan **)packed = plan_for(self, problem, weights, bias);
}

/* A plan says what it needs, so one is made of zeros. */
static size_t scratch_bytes(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  float *zeros = NULL;
  const cardinal_conv_desc *d = problem->conv;
  if (d)
    zeros = calloc((size_t)(d->out_channels * (d->in_channels / d->groups * d->kernel_height * d->kernel_width + 1)),
                   sizeof *zeros);
  cardinal_plan *plan = plan_for(self, problem, zeros, d && d->has_bias ? zeros : NULL);
  const size_t bytes = cardinal_plan_scratch_bytes(plan);
  cardinal_plan_destroy(plan);
  free(zeros);
  return bytes;
}

/* A plan runs a whole batch: at its first image. */
static void run(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  if (args->image != 0)
    return;
  const cardinal_plan *plan =
      args->packed ? *(cardinal_plan *const *)args->packed : plan_for(self, args->problem, NULL, NULL);
  cardinal_error error;
  if (cardinal_plan_run(plan, args->x, args->residual, args->y, args->scratch, &error)) {
    fprintf(stderr, "%s: %s\n", self->name, error.message);
    abort();
  }
}

static void name_needs(uint32_t bits, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (uint32_t bit = 1; bit; bit <<= 1)
    if (bits & bit)
      used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", cardinal_cpu_feature_name(bit));
}

static cardinal_plugin_operation operation_of(const cardinal_kernel *kernel) {
  switch (kernel->operation) {
  case CARDINAL_OPERATION_MAX_POOL:
    return CARDINAL_PLUGIN_MAX_POOL;
  case CARDINAL_OPERATION_AVERAGE_POOL:
    return CARDINAL_PLUGIN_AVERAGE_POOL;
  default:
    return CARDINAL_PLUGIN_CONV;
  }
}

static void offer(const cardinal_kernel *kernel, builtin *to) {
  const bool is_conv = kernel->operation == CARDINAL_OPERATION_CONV;
  to->kernel = kernel;
  name_needs(kernel->needs, to->needs, sizeof to->needs);
  to->entry = (cardinal_plugin_kernel){.struct_size = sizeof to->entry,
                                       .name = kernel->name,
                                       .operation = operation_of(kernel),
                                       .format = (cardinal_plugin_format)kernel->format,
                                       .promise = CARDINAL_PLUGIN_SAME_BITS,
                                       .x_layout = kernel->x_layout,
                                       .y_layout = CARDINAL_LAYOUT_BLOCKED16,
                                       .needs = to->needs,
                                       .declines = declines,
                                       .packed_bytes = is_conv ? packed_bytes : NULL,
                                       .pack = is_conv ? pack : NULL,
                                       .scratch_bytes = scratch_bytes,
                                       .run = run};
}

const cardinal_plugin *gauntlet_builtin(void) {
  static builtin all[MOST];
  static const cardinal_plugin_kernel *entries[MOST];
  static cardinal_plugin plugin = {
      .abi = CARDINAL_PLUGIN_ABI, .struct_size = sizeof plugin, .name = "cardinal " CARDINAL_VERSION_STRING};
  size_t count = 0;
  for (; count < cardinal_kernel_count && count < MOST; ++count) {
    offer(&cardinal_kernels[count], &all[count]);
    entries[count] = &all[count].entry;
  }
  plugin.kernels = entries;
  plugin.kernel_count = count;
  return &plugin;
}

cardinal_isa gauntlet_builtin_isa(const char *name) {
  return cardinal_kernel_find(name)->isa;
}
